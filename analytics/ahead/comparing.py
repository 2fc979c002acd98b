"""Models beside each other on one SIM: what each would have said of its last days, and what it says of the next."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.ahead.words import as_of_words
from analytics.nightly.history import read_history
from analytics.nightly.standing import MODEL
from analytics.schemas.forecasts import ForecastDay, ModelComparison, ModelScore
from iotsim.core.tenancy import tenant
from iotsim.core.wording import SPACE, counted, size
from sims.naming import find_sim

if TYPE_CHECKING:
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob
    from sims.models import Sim

LOOK_BACK: Final = 365
SECONDS: Final = 40.0  # for each of the two rounds
FEWEST: Final = 42  # known days beside those held back, so that a model sees six weeks

Bands = NDArray[np.float32]  # (3, days)


def compare(actor: "Actor", ref: str, days: int, job: "RunningJob") -> ModelComparison:
    """Two rounds: the last `days` days held back, then all days. A model that is not ready in time is left out."""
    with tenant(actor.organization_id, read_only=True):
        sim = find_sim(actor, ref)
    history = read_history(actor.organization_id, days=LOOK_BACK, sim_ids=[sim.pk])
    values = history.bytes[:, 0] if history.sim_ids.size else np.full(history.days, np.nan, np.float32)
    known = np.flatnonzero(~np.isnan(values))
    first = int(known[0]) if known.size else len(values)
    values, first_day = values[first:], history.first_day + timedelta(days=first)
    if len(values) < FEWEST + days:
        return _answer(sim, history, len(values), 0, [_night(values, first_day, days)], fell_back=True)
    tried, late = _round(values[:-days], first_day, days, job, done=0, note="Held-back days")
    ahead, later = _round(values, first_day, days, job, done=1, note="Days to come")
    start = first_day + timedelta(days=len(values))
    scores = [_score(name, values[-days:], bands, ahead[name], start) for name, bands in tried.items() if name in ahead]
    scores.sort(key=lambda one: -(one.accuracy_percent if one.accuracy_percent is not None else -1e9))
    answer = _answer(sim, history, len(values), days, scores, fell_back=len(scores) == 1)
    return answer.model_copy(update={"missing": {**late, **later}})


def _round(
    values: NDArray[np.float32], first_day: date, days: int, job: "RunningJob", *, done: int, note: str
) -> tuple[dict[str, Bands], dict[str, str]]:
    """What each model says of the days after `values`, the night's own among them; and why others say nothing."""
    from analytics.forecasting.single import forecast_one

    def progress(said: str) -> None:
        job.progress(done=done, total=2, note=f"{note}: {said}")

    progress("the night's own")
    found = forecast_one(
        values, first_day, days, seconds=SECONDS, progress=progress, cache_dir=settings.DATA_DIR / "compiled"
    )
    return {MODEL: _curve(values, first_day, days), **({} if found.fell_back else found)}, found.missing


def _curve(values: NDArray[np.float32], first_day: date, days: int) -> Bands:
    """The night's forecast of one series."""
    from analytics.forecasting.fleet import forecast_fleet

    weekdays = (first_day.weekday() + np.arange(len(values))) % 7
    none = np.array([np.nan])
    made = forecast_fleet(values[:, None], weekdays, horizon=days, remaining=np.array([days]), allowance=none)
    return made.curve[:, :, 0]


def _night(values: NDArray[np.float32], first_day: date, days: int) -> ModelScore:
    bands = _curve(values, first_day, days) if len(values) else np.zeros((3, days), np.float32)
    start = first_day + timedelta(days=len(values))
    return ModelScore(
        model=MODEL, accuracy_percent=None, sum_error_percent=None, days=_days(bands, start),
        middle_bytes=round(float(bands[1].sum())), note="Too few days to hold some back.",
    )  # fmt: skip


def _score(name: str, real: NDArray[np.float32], said: Bands, ahead: Bands, start: date) -> ModelScore:
    known = ~np.isnan(real)
    truth, middle = real[known].astype(np.float64), said[1][known].astype(np.float64)
    whole = truth.sum()
    return ModelScore(
        model=name,
        accuracy_percent=round(100 * (1 - float(np.abs(truth - middle).sum() / whole)), 1) if whole else None,
        sum_error_percent=round(100 * float(abs(truth.sum() - middle.sum()) / whole), 1) if whole else None,
        days=_days(ahead, start),
        middle_bytes=round(float(np.maximum(ahead[1], 0).sum())),
    )


def _days(bands: Bands, start: date) -> list[ForecastDay]:
    rows = np.maximum.accumulate(np.maximum(np.nan_to_num(bands), 0), axis=0).T
    return [
        ForecastDay(
            day=start + timedelta(days=n), low_bytes=round(low), middle_bytes=round(middle), high_bytes=round(high)
        )
        for n, (low, middle, high) in enumerate(rows.astype(float).tolist())
    ]


def _answer(
    sim: "Sim", history: "History", known: int, held: int, scores: list[ModelScore], *, fell_back: bool
) -> ModelComparison:
    best = scores[0]
    if not held:
        said = (
            f"SIM {sim.short_name} has {counted(known, 'day')} of history, too few to hold some back and compare: "
            f"{FEWEST + len(best.days)} are needed. The night's forecast of the next {len(best.days)} days is "
            f"{size(best.middle_bytes)}."
        )
    else:
        said = _sentence(sim, held, scores, fell_back=fell_back)
    until = as_of_words(history.as_of, ZoneInfo(str(history.zone))) if history.as_of else ""
    return ModelComparison(
        sentence=f"{said} As of {until}." if until else said,
        iccid=sim.iccid,
        name=sim.short_name,
        history_days=known,
        held_back_days=held,
        scores=scores,
        best=best.model,
        fell_back=fell_back,
        as_of=history.as_of,
        path=f"/sims/{sim.iccid}/",
    )


def _sentence(sim: "Sim", held: int, scores: list[ModelScore], *, fell_back: bool) -> str:
    best = scores[0]
    ahead = f"It says {size(best.middle_bytes)} for the next {len(best.days)} days."
    if fell_back:
        return f"No other model was ready in time, so this is the night's own forecast of SIM {sim.short_name}. {ahead}"
    if best.accuracy_percent is None:
        return f"SIM {sim.short_name} used nothing on its last {held} days, so nothing tells the models apart. {ahead}"
    rest = ", ".join(
        f"{one.model} {one.accuracy_percent:.0f}{SPACE}%" for one in scores[1:] if one.accuracy_percent is not None
    )
    return (
        f"{best.model} was best on the last {held} days of SIM {sim.short_name}, with an accuracy of "
        f"{best.accuracy_percent:.0f}{SPACE}%{f' ({rest})' if rest else ''}. {ahead}"
    )
