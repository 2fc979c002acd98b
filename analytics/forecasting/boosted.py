"""Tier 1: one gradient-boosted model of all series, for those near their quota. Pure numpy and LightGBM.

Four models: the 10, 50 and 90 % quantile of the sum of the next steps, asked for directly and for any number of
steps, and each single step by least absolute error. Targets are relative to what the profile of the series expects,
so large and small series teach alike; features come from the days before alone. The same models trained on the
earlier part of history alone are tried on the later part: by those errors the bounds of each class of device are moved
until they hold (conformalised quantile regression: Romano, Patterson and Candès, 2019).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.cleaning import cleaned, undo_late
from analytics.forecasting.examples import Examples, View, step_examples, sum_examples, view_of
from analytics.forecasting.fleet import SEASONS
from analytics.forecasting.levels import Weights
from analytics.forecasting.outlook import Seasons, common_surprise, learn
from analytics.forecasting.profile import FEATURES
from analytics.forecasting.scoring import Answer
from analytics.forecasting.shapes import BANDS, CLASSES, Flags, Matrix, Matrix3

NAME: Final = "LightGBM"
FORMAT: Final = 1
SUM_ROWS: Final = 60_000
SUM_DRAWS: Final = 3  # sums of different lengths of one series at one time
STEP_DRAWS: Final = 6
CALIBRATION_ROWS: Final = 20_000
WEIGHTS_SAMPLE: Final = 4096
MOST_ENDS: Final = 24
LATER: Final = 0.3  # of the times learnt from, the latest, calibrate
LEAST_ROWS: Final = 20
BLOCK: Final = 4096
ENOUGH: Final = 40  # series of a class, to move its bounds by its own errors
PARAMETERS: Final[dict[str, Any]] = {
    "num_leaves": 31,
    "learning_rate": 0.05,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ROUNDS: Final = 150
PARTS: Final = ("sum_10", "sum_50", "sum_90", "step")


class NothingToLearn(ValueError):
    """Too short a history, or no use in it; the text is a sentence."""


@dataclass(frozen=True)
class Ahead:
    """`rest` (3, N): 10, 50, 90 % of the sums asked for; `curve` (3, horizon, N): of each day."""

    rest: Matrix
    curve: Matrix3


@dataclass(frozen=True)
class Boosted:
    """A trained model.

    `models`: LightGBM's own text by part; `weights`: of recent levels, as in tier 0; `offsets` (classes, 2): how far
    the lower bound of a sum is moved down and the upper up, relative to the expected sum; `spreads` (classes, 2): 10
    and 90 % of the errors of single steps, in units of the spread; `rows`: examples of sums learnt from.
    """

    models: dict[str, str]
    weights: Weights
    offsets: NDArray[np.float64]
    spreads: NDArray[np.float64]
    horizon: int
    seasons: Seasons
    rows: int

    def to_bytes(self) -> bytes:
        """JSON around LightGBM's text: nothing in it can run."""
        return json.dumps(
            {
                "format": FORMAT,
                "horizon": self.horizon,
                "period": self.seasons.period,
                "year": self.seasons.year,
                "rows": self.rows,
                "weights": self.weights.of_class.tolist(),
                "offsets": self.offsets.tolist(),
                "spreads": self.spreads.tolist(),
                "models": self.models,
            }
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Boosted":
        """Raises ValueError when it is not what `to_bytes` wrote."""
        try:
            read = json.loads(data)
            if read["format"] != FORMAT or set(read["models"]) != set(PARTS):
                raise ValueError(f"format {read['format']}")
            found = cls(
                models={name: str(text) for name, text in read["models"].items()},
                weights=Weights(np.array(read["weights"], np.float64).reshape(len(CLASSES), FEATURES + 2)),
                offsets=np.array(read["offsets"], np.float64).reshape(len(CLASSES), 2),
                spreads=np.array(read["spreads"], np.float64).reshape(len(CLASSES), 2),
                horizon=int(read["horizon"]),
                seasons=Seasons(int(read["period"]), int(read["year"])),
                rows=int(read["rows"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"These bytes are no forecast model of format {FORMAT}: {error}") from error
        return found


def fit(
    values: Matrix, weekdays: NDArray[np.int64], *, horizon: int = 31, ignored: Flags | None = None, seed: int = 0
) -> Boosted:
    """From `values` float32 (T, N), NaN unknown, of days that follow each other (`weekdays`, Monday 0).

    Raises NothingToLearn. The same input and seed give the same model.
    """
    if len(weekdays) != len(values):
        raise ValueError(f"{len(weekdays)} weekdays do not fit {len(values)} days.")
    days = undo_late(cleaned(values.T, None if ignored is None else ignored.T), SEASONS.period)
    return fit_cycles(days, horizon, SEASONS, seed)


def fit_cycles(values: Matrix, horizon: int, seasons: Seasons, seed: int = 0) -> Boosted:
    """The same from `values` (N, T), cleaned, with cycles of any length."""
    if not (values > 0).any():
        raise NothingToLearn("There is too little use in this history to train a model on.")
    rng = np.random.default_rng(seed)
    learning = _Learning(values, horizon, seasons, _sampled(values, horizon, seasons, rng), rng)
    ends = _ends(values.shape[1], horizon, seasons.period)
    later = ends[: max(round(LATER * len(ends)), 1)]
    probed = [at for at in ends if at + horizon <= later[-1]] or ends[-1:]
    probe = learning.train(probed, seed)
    moved = _calibrated(probe, [learning.seen(at, CALIBRATION_ROWS // len(later)) for at in later])
    whole = learning.train(ends, seed)
    return replace(whole, offsets=moved.offsets, spreads=moved.spreads)


def _sampled(values: Matrix, horizon: int, seasons: Seasons, rng: np.random.Generator) -> Weights:
    sample = np.sort(rng.choice(len(values), min(len(values), WEIGHTS_SAMPLE), replace=False))
    return learn(values[sample], horizon, seasons).weights


@dataclass(frozen=True)
class _Learning:
    """What examples are drawn from: `values` (N, T)."""

    values: Matrix
    horizon: int
    seasons: Seasons
    weights: Weights
    rng: np.random.Generator

    def seen(self, at: int, most: int) -> tuple[View, Matrix]:
        """A sample of the series as they were known at a step, and what came."""
        count = len(self.values)
        sample = np.arange(count) if count <= most else np.sort(self.rng.choice(count, most, replace=False))
        view = view_of(self.values[sample, :at], self.weights, self.horizon, self.seasons)
        return view, self.values[sample, at : at + self.horizon]

    def train(self, ends: Sequence[int], seed: int) -> Boosted:
        """The four models, with bounds as they come."""
        seen = [self.seen(at, max(SUM_ROWS // (SUM_DRAWS * len(ends)), 50)) for at in ends]
        sums = Examples.joined(
            [sum_examples(view, came, self._lengths(len(came))) for view, came in seen for _ in range(SUM_DRAWS)]
        )
        steps = Examples.joined(
            [
                step_examples(view, came, self.rng.integers(1, self.horizon + 1, len(came)))
                for view, came in seen
                for _ in range(STEP_DRAWS)
            ]
        )
        if min(len(sums.target), len(steps.target)) < LEAST_ROWS:
            raise NothingToLearn("There is too little use in this history to train a model on.")
        models = {
            name: _train(sums, {"objective": "quantile", "alpha": level}, seed)
            for name, level in zip(PARTS, BANDS, strict=False)
        }
        models["step"] = _train(steps, {"objective": "regression_l1"}, seed)
        none = np.zeros((len(CLASSES), 2))
        return Boosted(models, self.weights, none, none, self.horizon, self.seasons, len(sums.target))

    def _lengths(self, count: int) -> NDArray[np.int64]:
        """How many steps to sum up: the whole horizon for a third of them."""
        drawn = self.rng.integers(1, self.horizon + 1, count)
        return np.where(self.rng.random(count) < 1 / 3, self.horizon, drawn)


def predict(
    model: Boosted,
    values: Matrix,
    weekdays: NDArray[np.int64],
    *,
    remaining: NDArray[np.integer],
    horizon: int | None = None,
    ignored: Flags | None = None,
) -> Ahead:
    """For `values` (T, N) as in `fit`: the sum of the next `remaining` (N,) days, and each of the next days."""
    if len(weekdays) != len(values) or len(remaining) != values.shape[1]:
        raise ValueError(f"{len(weekdays)} weekdays and {len(remaining)} remaining do not fit {values.shape}.")
    days = undo_late(cleaned(values.T, None if ignored is None else ignored.T), SEASONS.period)
    steps = np.clip(np.asarray(remaining, np.int64), 0, None)
    ahead = horizon or model.horizon
    runs, common = _loaded(model), common_surprise(days, model.horizon, model.seasons)
    rest, curve = np.zeros((3, len(days)), np.float32), np.zeros((3, ahead, len(days)), np.float32)
    for start in range(0, len(days), BLOCK):
        part = slice(start, start + BLOCK)
        view = view_of(days[part], model.weights, model.horizon, model.seasons, common)
        rest[:, part] = _sums(model, runs, view, steps[part])
        curve[:, :, part] = _steps(model, runs, view, ahead).transpose(0, 2, 1)
    return Ahead(rest, curve)


def answer_of(model: Boosted, values: Matrix, horizon: int) -> Answer:
    """For `values` (N, T), cleaned: what is judged."""
    view, runs = view_of(values, model.weights, model.horizon, model.seasons), _loaded(model)
    sums = _sums(model, runs, view, np.full(len(values), horizon))
    bands = _steps(model, runs, view, horizon)
    usual = view.usual(horizon)
    whole = usual.sum(axis=1)
    expected = usual * np.divide(sums[1], whole, out=np.ones_like(whole), where=whole > 0)[:, None]
    return Answer(bands, expected, sums)


def _ends(length: int, horizon: int, period: int) -> list[int]:
    """Steps after which a whole horizon is known, the latest first."""
    last = length - horizon
    first = min(6 * period, max(2 * period, last // 3))
    ends = list(range(last, first - 1, -max(horizon // 3, 1)))[:MOST_ENDS]
    if len(ends) < 2:
        raise NothingToLearn(
            f"A history of {length} steps is too short to train on: a horizon of {horizon} needs at least "
            f"{horizon + 2 * period + max(horizon // 3, 1)}."
        )
    return ends


def _train(examples: Examples, objective: dict[str, Any], seed: int) -> str:
    import lightgbm

    rows = min(PARAMETERS["min_data_in_leaf"], max(len(examples.target) // 20, 1))
    data = lightgbm.Dataset(examples.rows, examples.target, free_raw_data=True)
    given = {**PARAMETERS, "min_data_in_leaf": rows, **objective, "seed": seed}
    text: str = lightgbm.train(given, data, num_boost_round=ROUNDS).model_to_string()
    return text


def _loaded(model: Boosted) -> dict[str, Any]:
    import lightgbm

    try:
        return {name: lightgbm.Booster(model_str=text) for name, text in model.models.items()}
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"The model's text is damaged: {error}") from error


def _sums(model: Boosted, runs: dict[str, Any], view: View, steps: NDArray[np.int64]) -> Matrix:
    """(3, B), with the bounds moved."""
    asked = np.clip(steps, 1, model.horizon)
    rows, usual = view.sum_rows(asked), view.usual_sum(np.maximum(steps, 1))
    raw = np.array([runs[name].predict(rows, num_threads=1) for name in PARTS[:3]])
    offsets = model.offsets[view.profile.device_class]
    raw[0], raw[2] = raw[0] - offsets[:, 0], raw[2] + offsets[:, 1]
    raw[0], raw[2] = np.minimum(raw[0], raw[1]), np.maximum(raw[2], raw[1])
    found: Matrix = (np.maximum(raw, 0) * np.where(steps > 0, usual, 0)).astype(np.float32)
    return found


def _steps(model: Boosted, runs: dict[str, Any], view: View, horizon: int) -> Matrix3:
    """(3, B, horizon)."""
    every = np.arange(1, horizon + 1)
    rows = view.step_rows(every.clip(max=model.horizon))
    middle = runs["step"].predict(rows, num_threads=1).reshape(len(view.profile.level), horizon)
    middle = np.maximum(middle, 0) * view.profile.level[:, None]
    low, high = model.spreads[view.profile.device_class].T
    spread = view.profile.spread
    bands = np.array([middle + (low * spread)[:, None], middle, middle + (high * spread)[:, None]])
    found: Matrix3 = np.maximum(bands, 0).astype(np.float32)
    return found


def _calibrated(raw: Boosted, seen: Sequence[tuple[View, Matrix]]) -> Boosted:
    """With bounds moved by the errors of later days, which these models were not trained on."""
    runs, classes = _loaded(raw), np.concatenate([view.profile.device_class for view, _ in seen])
    pieces = [_errors(raw, runs, view, came) for view, came in seen]
    beyond, single = np.concatenate([sums for sums, _ in pieces]), np.concatenate([steps for _, steps in pieces])
    offsets, spreads = raw.offsets.copy(), raw.spreads.copy()
    known = np.isfinite(beyond).all(axis=1)
    for index in range(len(CLASSES)):
        mine = known & (classes == index)
        mine = mine if mine.sum() >= ENOUGH else known
        offsets[index] = [_most(column) for column in beyond[mine].T]
        errors = single[mine][np.isfinite(single[mine])]
        spreads[index] = np.quantile(errors, (0.1, 0.9)) if errors.size else (-1.282, 1.282)
    spreads[:, 0], spreads[:, 1] = np.minimum(spreads[:, 0], 0), np.maximum(spreads[:, 1], 0)
    return replace(raw, offsets=offsets, spreads=spreads)


def _errors(raw: Boosted, runs: dict[str, Any], view: View, came: Matrix) -> tuple[Matrix, Matrix]:
    """(B, 2): how far below the lower and above the upper bound sums were, relative; (B, horizon): errors of steps."""
    steps = np.full(len(came), raw.horizon)
    target = sum_examples(view, came, steps, keep_all=True).target
    rows = view.sum_rows(steps)
    low, high = (runs[name].predict(rows, num_threads=1) for name in (PARTS[0], PARTS[2]))
    spread = np.where(view.profile.spread > 0, view.profile.spread, np.nan)[:, None]
    single = (came - _steps(raw, runs, view, raw.horizon)[1]) / spread
    return np.stack([low - target, target - high], axis=1).astype(np.float32), single.astype(np.float32)


def _most(beyond: NDArray[np.float64]) -> float:
    """What nine of ten do not pass, with the correction for few."""
    if not beyond.size:
        return 0.0
    return float(np.quantile(beyond, min(0.9 * (beyond.size + 1) / beyond.size, 1)))
