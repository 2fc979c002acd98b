"""Models of churn side by side on the same folds: ours, XGBoost, and the plain ones every model must beat."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.churn import metrics
from analytics.churn.boosting import fit_churn, folds
from analytics.churn.table import Table

Matrix = NDArray[np.float64]
Fit = Callable[[Matrix, NDArray[Any]], Callable[[Matrix], NDArray[np.float64]]]
NO_XGBOOST: Final = 'XGBoost is not installed, so it is left out; "pip install xgboost-cpu" brings it in.'


@dataclass(frozen=True)
class Row:
    """Figures over all folds; `seconds` for fitting and predicting all of them."""

    model: str
    auc: float
    average_precision: float
    lift_10: float
    brier: float
    calibration_error: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(table: Table) -> tuple[list[Row], list[str]]:
    """A row for each model that can be run here, and a sentence for each that cannot."""
    models: list[tuple[str, Fit]] = [("LightGBM, calibrated (ours)", _ours(table))]
    notes = []
    if has_xgboost():
        models.append(("XGBoost", _xgboost))
    else:
        notes.append(NO_XGBOOST)
    models += [("HistGradientBoosting (scikit-learn)", _histogram), ("Logistic regression", _logistic)]
    return [_measure(name, fit, table) for name, fit in models], notes


def _measure(name: str, fit: Fit, table: Table) -> Row:
    """Each customer is judged by the model that has not seen them; AUC and the like are the means over folds."""
    began = time.perf_counter()
    judged = np.zeros(len(table.left))
    each: list[dict[str, float]] = []
    for held in folds(table.left):
        judged[held] = fit(table.rows[~held], table.left[~held])(table.rows[held])
        each.append(metrics.summary(table.left[held], judged[held]))
    seconds = time.perf_counter() - began
    means = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
    # Of a fold alone chance would be counted as error; over all customers it is the model's.
    means["calibration_error"] = metrics.calibration_error(table.left, judged)
    return Row(model=name, **{key: round(value, 4) for key, value in means.items()}, seconds=round(seconds, 2))


def _ours(table: Table) -> Fit:
    return lambda rows, left: fit_churn(rows, left, table.features).predict


def has_xgboost() -> bool:
    from importlib.util import find_spec

    return find_spec("xgboost") is not None


def _xgboost(rows: Matrix, left: NDArray[Any]) -> Callable[[Matrix], NDArray[np.float64]]:
    import xgboost

    options = {"objective": "binary:logistic", "eta": 0.03, "max_depth": 3, "min_child_weight": 10, "subsample": 0.8,
               "colsample_bytree": 0.4, "lambda": 5.0, "seed": 7, "nthread": 1, "verbosity": 0}  # fmt: skip
    booster = xgboost.train(options, xgboost.DMatrix(rows, label=left), num_boost_round=240)
    return lambda unseen: np.asarray(booster.predict(xgboost.DMatrix(unseen)), float)


def _histogram(rows: Matrix, left: NDArray[Any]) -> Callable[[Matrix], NDArray[np.float64]]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    options: dict[str, Any] = {"learning_rate": 0.03, "max_iter": 200, "max_leaf_nodes": 8, "l2_regularization": 5.0}
    model = HistGradientBoostingClassifier(random_state=7, early_stopping=False, **options).fit(rows, left)
    return lambda unseen: np.asarray(model.predict_proba(unseen)[:, 1])


def _logistic(rows: Matrix, left: NDArray[Any]) -> Callable[[Matrix], NDArray[np.float64]]:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    steps = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2_000)).fit(rows, left)
    return lambda unseen: np.asarray(steps.predict_proba(unseen)[:, 1])
