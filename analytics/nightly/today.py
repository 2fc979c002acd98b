"""The day that is not over yet: SIMs with new records are looked at at once, and hourly once more.

Only what is sure already is said (use far above the usual, another device, a storm of sessions), and nothing is
remembered of it: the night takes the whole day, and what it does not find again it takes back.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import F
from django.utils import timezone
from numpy.typing import NDArray

from analytics.anomalies.detector import peek, step
from analytics.findings import alerting
from analytics.findings.settings import for_detector, settings_of
from analytics.models import AnomalySettings, AnomalyState
from analytics.nightly.anomalies import DAY, keeping, watched
from analytics.nightly.history import History, local_midnight, read_history
from analytics.nightly.keeping import Keeper
from analytics.nightly.signals import read_signals
from analytics.nightly.states import Remembered, read_states
from iotsim.core.tenancy import tenant
from sims.intake.exclusive import zone_of
from sims.models import Sim, UsageDaily

AT_ONCE: Final = 2_000  # SIMs that are looked at together
MOST_DAYS: Final = 10  # since the states are of; a night must come first when it is longer ago
AN_HOUR: Final = timedelta(minutes=70)


def look_at(organization_id: int, sim_ids: Sequence[int], *, now: datetime | None = None) -> int:
    """Look at today's use of these SIMs so far. Answers how many anomalies are new. Outside any transaction."""
    moment = now or timezone.now()
    fresh = 0
    for start in range(0, len(sim_ids), AT_ONCE):
        fresh += _look(organization_id, sorted(sim_ids[start : start + AT_ONCE]), moment)
    return fresh


def look_at_last_hour(organization_id: int, *, now: datetime | None = None) -> int:
    """The same for the SIMs that were seen in the last hour. Answers how many anomalies are new."""
    moment = now or timezone.now()
    with tenant(organization_id, read_only=True):
        if not AnomalyState.objects.filter(organization_id=organization_id).exists():
            return 0
        seen = Sim.objects.filter(organization_id=organization_id, last_seen_at__gte=moment - AN_HOUR, status="active")
        ids = list(seen.order_by("pk").values_list("pk", flat=True))
    return look_at(organization_id, ids, now=moment)


def _look(organization_id: int, sim_ids: list[int], now: datetime) -> int:
    with tenant(organization_id, read_only=True):
        today = now.astimezone(zone_of(organization_id)).date()
        mine = UsageDaily.objects.filter(organization_id=organization_id, day=today, sim_id__in=sim_ids)
        used = {row[0]: row[1:] for row in mine.values_list("sim_id", F("bytes_up") + F("bytes_down"), "sessions")}
        known = read_states(organization_id, list(used)) if used else None
        wanted = settings_of(organization_id)
    if known is None or not 0 <= (today - DAY - known.day).days <= MOST_DAYS:
        return 0
    return _take(organization_id, today, used, known, wanted, now)


def _take(
    organization_id: int,
    today: date,
    used: dict[int, tuple[int, int]],
    known: Remembered,
    wanted: AnomalySettings,
    now: datetime,
) -> int:
    since = (today - DAY - known.day).days
    history = read_history(organization_id, days=max(since, 1), until=today - DAY, sim_ids=list(used))
    if history.last_day != today - DAY:
        return 0  # nothing is known of today, as in an import of days gone by
    signals = read_signals(history, known.day + DAY, today)
    state, _ = known.of(history.sim_ids)
    settings = for_detector(wanted, len(used))
    for day in signals.days():
        if day.ordinal <= (today - DAY).toordinal():
            step(state, day, settings)
    part = signals.part_of(today, *_amounts(history, used))
    findings = peek(state, part, _share(today, history, now), settings)
    if not len(findings):
        return 0
    with keeping(organization_id):
        keeper = Keeper(organization_id, history.sim_ids, signals, today)
        keeper.open_for_today()
        keeper.take(findings)
        rows = keeper.close()
        sims = watched(organization_id)
        alerting.tell(organization_id, rows, wanted, sims=sims, last_day=today, zone=history.zone)
    return len(keeper.fresh)


def _amounts(history: History, used: dict[int, tuple[int, int]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows = np.array([used.get(one, (0, 0)) for one in history.sim_ids.tolist()], np.float32).reshape(-1, 2)
    return rows[:, 0].copy(), rows[:, 1].copy()


def _share(today: date, history: History, now: datetime) -> float:
    """How much of the day is over, as far as usage is known."""
    begin, end = (local_midnight(one, history.zone).astimezone(UTC) for one in (today, today + DAY))
    at = min(now, history.as_of or now)
    return min(max((at - begin) / (end - begin), 0.01), 1.0)
