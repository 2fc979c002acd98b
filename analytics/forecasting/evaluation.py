"""Models judged on a long table: rolling origins, each forecast from what lay before it and nothing else."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.forecasting.boosted import NAME as BOOSTED
from analytics.forecasting.boosted import NothingToLearn, answer_of, fit_cycles
from analytics.forecasting.calibration import PLACES
from analytics.forecasting.classics import MODELS, Task, filled, seasonal_naive
from analytics.forecasting.cleaning import cleaned, undo_late
from analytics.forecasting.contest import Contest
from analytics.forecasting.fleet import NAME, SAMPLE
from analytics.forecasting.outlook import Seasons, bands, learn, look_ahead, repeated, sum_quantiles
from analytics.forecasting.scoring import Answer, Score, naive_error
from analytics.forecasting.shapes import Matrix
from analytics.forecasting.single import ENSEMBLE, NAIVE
from analytics.forecasting.table import BadTable, Series

ALL: Final = (NAME, BOOSTED, NAIVE, *MODELS, ENSEMBLE)
TIERS: Final = {NAME: 0, BOOSTED: 1}
ORIGINS: Final = 4
BLOCK_CELLS: Final = 1 << 20
LEAST_STEPS: Final = 8  # of history


@dataclass(frozen=True)
class Row:
    """How one model did: `series` it was judged on, `score` with everything else."""

    model: str
    tier: int
    horizon: int
    series: int
    score: Score

    def as_json(self) -> dict[str, object]:
        """The row of --json."""
        return {"model": self.model, "tier": self.tier, "horizon": self.horizon, **self.score.figures()}


def origins_of(length: int, horizon: int, period: int, wanted: int) -> list[int]:
    """Lengths of history to forecast from, the latest first: a horizon apart, closer where there is not enough."""
    least = max(2 * period, LEAST_STEPS)
    last = length - horizon
    if last < least:
        raise BadTable(
            f"The history of {length} steps is too short for a horizon of {horizon}: at least {least + horizon} are "
            f"needed ({least} to learn from)."
        )
    step = max(min(horizon, (last - least) // max(wanted - 1, 1)), 1)
    return list(range(last, least - 1, -step))[:wanted]


def evaluate(
    series: Series,
    horizon: int,
    models: Sequence[str] = ALL,
    origins: int = ORIGINS,
    seconds: float = 150.0,
    told: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Row]:
    """One row a model, in the order of `ALL`. `seconds`: for all models of tier 2 together; series that they did not
    get to in that time are not judged. `told` hears what is going on. Raises BadTable."""
    for name in models:
        if name not in ALL:
            raise BadTable(f"There is no model {name}: choose among {', '.join(ALL)}.")
    length = len(series.values)
    if horizon < 1:
        raise BadTable(f"A horizon of {horizon} is none: give 1 or more steps.")
    period = series.period(length - horizon)
    lengths = origins_of(length, horizon, period, origins)
    told(
        f"{series.values.shape[1]:,} series, {length:,} steps, season {period}, horizon {horizon}, "
        f"{len(lengths)} origins"
    )
    for name, judge in ((NAME, _weekday_median), (BOOSTED, _boosted), (NAIVE, _naive)):
        if name in models:
            row = _judged(name, judge, series, horizon, period, lengths, told)
            if row is not None:
                yield row
    slow = [name for name in MODELS if name in models or ENSEMBLE in models]
    if slow:
        contest = Contest(series, horizon, period, lengths, slow, seconds, told)
        for name, score in contest.run(with_ensemble=ENSEMBLE in models):
            if name in models:
                yield Row(name, 2, horizon, score.series, score)


def _judged(
    name: str,
    judge: Callable[[Matrix, int, Seasons], Answer],
    series: Series,
    horizon: int,
    period: int,
    lengths: Sequence[int],
    told: Callable[[str], None],
) -> Row | None:
    """None, and a word on it, when the model could learn from no origin."""
    score, seasons = Score(), Seasons(period, series.year)
    tried, reason = 0, ""
    for at in lengths:
        history, came = np.ascontiguousarray(series.values[:at].T), series.values[at : at + horizon].T
        judged = np.isfinite(history).sum(axis=1) >= 2
        if not judged.any():
            tried += 1
            continue
        began = time.perf_counter()
        try:
            answer = judge(history[judged], horizon, seasons)
        except NothingToLearn as error:
            reason = str(error)
            continue
        score.seconds += time.perf_counter() - began
        score.add(answer, came[judged], naive_error(history[judged], period))
        tried += 1
    if reason:
        told(f"{name} was left out{f' at {len(lengths) - tried} of {len(lengths)} origins' if tried else ''}: {reason}")
    return Row(name, TIERS.get(name, 2), horizon, score.series, score) if tried else None


def _weekday_median(history: Matrix, horizon: int, seasons: Seasons) -> Answer:
    """Tier 0, on cycles of any length."""
    usable = undo_late(cleaned(history), seasons.period)
    sample = np.unique(np.linspace(0, max(len(usable) - 1, 0), min(len(usable), SAMPLE)).astype(np.int64))
    learnt = learn(usable[sample], horizon, seasons)
    block = max(BLOCK_CELLS // (16 * seasons.period), 16)
    found = []
    for start in range(0, len(usable), block):
        outlook = look_ahead(usable[start : start + block], learnt)
        steps = np.full(len(outlook.ratio), horizon)
        expected = repeated(outlook.profile.average * outlook.ratio[:, None], horizon)
        sums = sum_quantiles(outlook, learnt, steps)[list(PLACES)]
        found.append(Answer(bands(outlook, learnt, horizon), expected, sums))
    return _joined(found)


def _boosted(history: Matrix, horizon: int, seasons: Seasons) -> Answer:
    """Tier 1: trained on this history alone."""
    usable = undo_late(cleaned(history), seasons.period)
    return answer_of(fit_cycles(usable, horizon, seasons), usable, horizon)


def _naive(history: Matrix, horizon: int, seasons: Seasons) -> Answer:
    from datetime import datetime

    start = datetime(2000, 1, 1)
    made = [seasonal_naive(Task(filled(one, seasons.period), start, 1.0, horizon, seasons.period)) for one in history]
    return Answer.of_bands(np.stack(made, axis=1)) if made else Answer.of_bands(np.zeros((3, 0, horizon), np.float32))


def _joined(answers: list[Answer]) -> Answer:
    return Answer(
        np.concatenate([one.bands for one in answers], axis=1),
        np.concatenate([one.expected for one in answers]),
        np.concatenate([one.sums for one in answers], axis=1),
    )
