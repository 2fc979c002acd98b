"""The learned model of churn: LightGBM cross-fitted over folds, calibrated on the rows each fold did not see.

The folds' boosters stay together: the score of a customer is the mean of theirs, and so is each feature's share in it
(TreeSHAP is additive). Kept as LightGBM's own text inside JSON; nothing that is loaded can run code.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.churn.calibration import Calibration, learn

Matrix = NDArray[np.float64]
FOLDS: Final = 5
KIND: Final = "iotsim-churn-1"
PARAMETERS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "rounds": 240,
    "num_leaves": 8,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "seed": 7,
}


class CannotLearn(ValueError):
    """The rows teach nothing; the message says why."""


class BadArtefact(ValueError):
    """Bytes that are no model of this kind."""


@dataclass(frozen=True)
class ChurnModel:
    """`features`: names in the order of the columns; `texts`: LightGBM's own, one a fold."""

    features: tuple[str, ...]
    texts: tuple[str, ...]
    calibration: Calibration
    parameters: Mapping[str, Any]
    _boosters: list[Any] = field(default_factory=list, compare=False, repr=False)

    def score(self, rows: Matrix) -> NDArray[np.float64]:
        """Raw log-odds, of shape (rows,)."""
        parts = [one.predict(rows, raw_score=True, num_threads=1) for one in self.boosters()]
        return np.asarray(np.mean(parts, axis=0), np.float64)

    def predict(self, rows: Matrix) -> NDArray[np.float64]:
        """Calibrated probabilities of leaving, of shape (rows,)."""
        return self.calibration(self.score(rows))

    def contributions(self, rows: Matrix) -> Matrix:
        """SHAP values in log-odds, (rows, features + 1), the last what is expected of anybody; rows sum to `score`."""
        parts = [one.predict(rows, pred_contrib=True, num_threads=1) for one in self.boosters()]
        return np.asarray(np.mean(parts, axis=0))

    def boosters(self) -> list[Any]:
        if not self._boosters:
            import lightgbm

            self._boosters.extend(lightgbm.Booster(model_str=text) for text in self.texts)
        return self._boosters

    def to_bytes(self) -> bytes:
        kept = {
            "kind": KIND,
            "features": self.features,
            "parameters": dict(self.parameters),
            "calibration": self.calibration.as_dict(),
            "boosters": self.texts,
        }
        return json.dumps(kept).encode()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "ChurnModel":
        """Raises BadArtefact. Only text and numbers are read."""
        try:
            found = json.loads(kept)
            if found["kind"] != KIND:
                raise BadArtefact(f"It is of the kind {str(found['kind'])[:40]}, not {KIND}.")
            texts = tuple(str(one) for one in found["boosters"])
            names = tuple(str(one) for one in found["features"])
            model = cls(names, texts, Calibration.of(found["calibration"]), found["parameters"])
        except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise BadArtefact("It is not a model that this version knows.") from error
        return model._read()

    def _read(self) -> "ChurnModel":
        """With its boosters, so that what LightGBM cannot read is refused here and not where it is used."""
        from lightgbm.basic import LightGBMError

        try:
            self.boosters()
        except LightGBMError as error:
            raise BadArtefact("LightGBM cannot read it.") from error
        return self


def fit_churn(
    rows: Matrix,
    left: NDArray[Any],
    features: Sequence[str],
    *,
    groups: NDArray[Any] | None = None,
    parameters: Mapping[str, Any] = PARAMETERS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ChurnModel:
    """Learn from rows (n, features; NaN is unknown) and who left (n,).

    `groups`: rows of one group (a customer on several days) stay in one fold. Raises CannotLearn.
    """
    left = np.asarray(left, float)
    _must_teach(rows, left, groups)
    texts: list[str] = []
    unseen = np.full(len(left), np.nan)
    parts = folds(left, groups)
    for done, held in enumerate(parts):
        progress(done, len(parts))
        booster = _fit_one(rows[~held], left[~held], features, parameters)
        unseen[held] = booster.predict(rows[held], raw_score=True, num_threads=1)
        texts.append(booster.model_to_string())
    return ChurnModel(tuple(features), tuple(texts), learn(unseen, left), dict(parameters))


def _must_teach(rows: Matrix, left: NDArray[Any], groups: NDArray[Any] | None) -> None:
    if not len(left):
        raise CannotLearn("There are no customers to learn from.")
    yes = int(left.sum())
    if yes == 0 or yes == len(left):
        raise CannotLearn(f"All {len(left):,} rows say {'yes' if yes else 'no'}: there is nothing to tell apart.")
    of_each = [len(np.unique(groups[left == side])) if groups is not None else int((left == side).sum())
               for side in (0, 1)]  # fmt: skip
    if min(of_each) < FOLDS:
        rarer = min(of_each)
        raise CannotLearn(f"One of the answers was seen {rarer:,} times only; {FOLDS} is the least to check against.")
    if not _varies(rows):
        raise CannotLearn("All features are the same for everybody: there is nothing to learn from.")


def _varies(rows: Matrix) -> bool:
    """Whether any column knows two values."""
    known = [column[np.isfinite(column)] for column in rows.T]
    return any(len(one) and one.min() < one.max() for one in known)


def folds(left: NDArray[Any], groups: NDArray[Any] | None = None, seed: int = 7) -> list[NDArray[np.bool_]]:
    """Which rows each fold holds back: stratified, and by group where there are groups."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    split = kind(FOLDS, shuffle=True, random_state=seed).split(np.zeros((len(left), 1)), left, groups)
    found = []
    for _, held in split:
        mask = np.zeros(len(left), bool)
        mask[held] = True
        found.append(mask)
    return found


def _fit_one(rows: Matrix, left: NDArray[Any], features: Sequence[str], parameters: Mapping[str, Any]) -> Any:
    import lightgbm

    own = {name: value for name, value in parameters.items() if name != "rounds"}
    # A leaf of a small set must not want more rows than there are.
    least = min(int(own["min_data_in_leaf"]), max(2, len(left) // 20))
    fixed = {
        "min_data_in_leaf": least,
        "verbosity": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
    }
    safe = [f"f{place}" for place in range(len(features))]  # names from a file may hold what LightGBM refuses
    data = lightgbm.Dataset(rows, label=left, feature_name=safe, params={"verbosity": -1}, free_raw_data=True)
    return lightgbm.train({**own, **fixed}, data, num_boost_round=int(parameters["rounds"]))
