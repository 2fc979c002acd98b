"""The night's anomalies: the days that are new go through the detector, what it finds becomes lasting anomalies.

What the detector remembers is kept as of two days before the last one, and the days since are taken again each night:
records come late, and a day that looked silent may not have been. What is later still is only made up for by what the
detector itself remembers of missing bytes. After missed nights all days since are taken; when the memory is missing,
too old or of another layout, all days that are known. So a night after a night comes to the same as one long night.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from analytics.anomalies.detector import new_state, step
from analytics.anomalies.shapes import ENDED, Day, Findings, Settings, State
from analytics.findings import alerting
from analytics.findings.settings import for_detector, settings_of
from analytics.models import Anomaly
from analytics.nightly.keeping import Keeper
from analytics.nightly.signals import Signals, read_signals
from analytics.nightly.states import Remembered, mark_of, read_states, write_states
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted
from sims.models import Sim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.models import AnomalySettings
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob

LATE_DAYS: Final = 2  # whole days that are taken again the night after
OPINION_DAYS: Final = 3  # for findings of so many last days a second opinion is asked
FOLLOWED: Final = ("open", "real")
DAY: Final = timedelta(days=1)
# Kinds whose days tell nothing of the use to come; a leak goes on, and a new country is no amount.
STRANGE: Final = ("spike", "theft", "retry_storm", "silent", "roaming", "throttled")


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """What was found, as a sentence; empty when there is nothing to look at."""
    if not history.sim_ids.size or history.as_of is None:
        return ""
    with tenant(actor.organization_id, read_only=True):
        known = read_states(actor.organization_id)
        if known is not None and known.day + DAY < history.first_day:
            known = None  # so much was missed that what came between is not read any more
        mark = mark_of(actor.organization_id)
        wanted = settings_of(actor.organization_id)
    night = _look(history, known, wanted, job)
    with keeping(actor.organization_id):
        return keep_unless_overtaken(actor, history, night, wanted, mark)


@contextmanager
def keeping(organization_id: int) -> "Iterator[None]":
    """The tenant's transaction, entered once nobody else writes its anomalies."""
    with tenant(organization_id):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('anomalies of ' || %s, 0))", [organization_id]
            )
        yield


@dataclass
class Night:
    """The days that were taken, with the detector's state before them, to be kept, and after them."""

    signals: Signals
    before: State
    settled: State
    settled_on: date
    after: State
    days: "list[tuple[Day, Findings]]"


def _look(history: "History", known: Remembered | None, wanted: "AnomalySettings", job: "RunningJob") -> Night:
    first = _first_new(history, known)
    state, there = known.of(history.sim_ids) if known else _nothing(history.sim_ids)
    settings = for_detector(wanted, history.sim_ids.size)
    begin = min(first, _first_known(history, ~there)) if known else first
    signals = read_signals(history, begin, history.last_day)
    if known is not None and not there.all():
        _catch_up(state, there, signals, first, settings)
    settled_on = max(history.last_day - DAY * LATE_DAYS, first - DAY)
    night = Night(signals, state.copy(), state.copy(), settled_on, state, [])
    since = first.toordinal()
    for done, day in enumerate(one for one in signals.days() if one.ordinal >= since):
        night.days.append((day, step(state, day, settings)))
        if day.ordinal <= settled_on.toordinal():
            night.settled = state.copy() if day.ordinal == settled_on.toordinal() else night.settled
        if done % 10 == 9:
            job.progress(done=1, total=4, note=f"Anomalies: day {done + 1} of {(history.last_day - first).days + 1}")
    return night


def _first_new(history: "History", known: Remembered | None) -> date:
    """The first day to take: the one after what is remembered, or the first that is known."""
    return max(history.first_day, known.day + DAY) if known else history.first_day


def _first_known(history: "History", places: NDArray[np.bool_]) -> date:
    """The first day of which anything is known of these SIMs; the day after the last when nothing is."""
    rows = np.flatnonzero(np.isfinite(history.bytes[:, places]).any(axis=1))
    return history.first_day + DAY * (int(rows[0]) if rows.size else history.days)


def _nothing(sim_ids: NDArray[np.int64]) -> tuple[State, NDArray[np.bool_]]:
    return new_state(sim_ids.size), np.zeros(sim_ids.size, np.bool_)


def _catch_up(state: State, there: NDArray[np.bool_], signals: Signals, first: date, settings: Settings) -> None:
    """SIMs that are new since: their own days up to the first new one, among themselves."""
    places = np.flatnonzero(~there)
    mine = state[places]
    for day in signals.days():
        if day.ordinal >= first.toordinal():
            break
        step(mine, _only(day, places), settings)
    state[places] = mine


def _only(day: Day, places: NDArray[np.int64]) -> Day:
    """The day of some SIMs."""
    names = [name for name in Day.__dataclass_fields__ if name != "ordinal" and getattr(day, name) is not None]
    return Day(day.ordinal, **{name: getattr(day, name)[places] for name in names})


def keep_unless_overtaken(
    actor: "Actor", history: "History", night: Night, wanted: "AnomalySettings", mark: str
) -> str:
    """Write what was found, unless the memory is not the one any more that `mark` was read with."""
    if mark_of(actor.organization_id) != mark:
        return "Another night was quicker, and its anomalies stand."
    return _keep(actor, history, night, wanted)


def _keep(actor: "Actor", history: "History", night: Night, wanted: "AnomalySettings") -> str:
    since = history.first_day if not night.days else date.fromordinal(night.days[0][0].ordinal)
    keeper = Keeper(actor.organization_id, history.sim_ids, night.signals, since)
    keeper.open(night.before)
    for _, findings in night.days:
        keeper.take(findings)
    _second_opinions(keeper, night)
    _shadow(keeper, night, wanted)
    rows = keeper.close()
    told = alerting.tell(
        actor.organization_id, rows, wanted, sims=history.sim_ids.size, last_day=history.last_day, zone=history.zone
    )
    write_states(actor.organization_id, night.settled_on, history.sim_ids, night.settled)
    lasting = [row for row in rows if row.ended_on is None and row.status in FOLLOWED]
    return _sentence(len(keeper.fresh), lasting, told)


def _sentence(fresh: int, lasting: "Sequence[Anomaly]", told: alerting.Told) -> str:
    critical = sum(row.severity == "critical" for row in lasting)
    worst = f", {critical:,} of them critical" if critical else ""
    held = f", {told.held_back:,} more than the budget allows" if told.held_back else ""
    return (
        f"{counted(fresh, 'new anomaly', 'new anomalies')}, {len(lasting):,} last{worst}; "
        f"{counted(told.raised, 'alert')} raised{held}."
    )


def _second_opinions(keeper: Keeper, night: Night) -> None:
    """Ask the forest of the findings of the last days, which stand in the states as they are after them."""
    from analytics.anomalies.second_opinion import ask_forest

    for day, findings in night.days[-OPINION_DAYS:]:
        asked = findings.only(findings.phase != ENDED)
        if not len(asked):
            continue
        for n, opinion in enumerate(ask_forest(night.after, day, asked)):
            row = keeper.row_of(asked, n)
            if row is not None:
                row.second_opinion = round(opinion.score, 3)


def _shadow(keeper: Keeper, night: Night, wanted: "AnomalySettings") -> None:
    """Note what the rule of two evidences would have suspended, customer by customer within its daily cap."""
    from analytics.anomalies.suspension import choose_suspensions

    for row in keeper.rows.values():
        if row.shadow_day is not None and row.shadow_day >= keeper.since:
            row.shadow_day = None
    for day, findings in night.days:
        if not findings.two_evidences.any():
            continue
        chosen = choose_suspensions(
            findings,
            customer=night.signals.customer,
            safety_critical=night.signals.safety_critical,
            settings=for_detector(wanted, keeper.sim_ids.size),
        )
        for n in chosen.tolist():
            chosen_row = keeper.row_of(findings, n)
            if chosen_row is not None and chosen_row.shadow_day is None:
                chosen_row.shadow_day = date.fromordinal(day.ordinal)


def ignored_days(organization_id: int, history: "History") -> NDArray[np.bool_]:
    """Of the shape of `history.bytes`: days of anomalies that nobody called false or expected, nothing to learn from.

    Leaks are left in, since what leaks goes on; new countries are no amount of use, and cohorts have a cause to stay.
    """
    matrix = np.zeros(history.bytes.shape, np.bool_)
    with tenant(organization_id, read_only=True):
        rows = Anomaly.objects.filter(
            organization_id=organization_id, sim_id__isnull=False, kind__in=STRANGE, status__in=FOLLOWED,
            last_day__gte=history.first_day, first_day__lte=history.last_day,
        )  # fmt: skip
        spans = list(rows.values_list("sim_id", "first_day", "last_day"))
    for sim_id, first, last in spans:
        place = int(np.searchsorted(history.sim_ids, sim_id or 0))
        if place < history.sim_ids.size and history.sim_ids[place] == sim_id:
            begin, end = (first - history.first_day).days, (last - history.first_day).days
            matrix[max(begin, 0) : end + 1, place] = True
    return matrix


def watched(organization_id: int) -> int:
    """How many SIMs the detector looks at. Inside the tenant's transaction."""
    return Sim.objects.filter(organization_id=organization_id).exclude(status="inventory").count()
