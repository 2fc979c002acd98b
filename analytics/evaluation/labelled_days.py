"""A demo fleet as the days that the detector takes, with what is known to be wrong: pure numpy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.shapes import Days, Flags
from sims.cycles import cycle_start
from sims.demo.archetypes import ARCHETYPES, PLANS, SAFETY_CRITICAL_KINDS
from sims.demo.draws import KINDS
from sims.demo.events import Events, Kind
from sims.demo.fleet import Fleet
from sims.demo.identity import imeis
from sims.demo.records import Devices
from sims.demo.usage import Usage, blocks

MODELS: Final = max(len(archetype.tacs) for archetype in ARCHETYPES)


@dataclass(frozen=True)
class Labelled:
    """`days` of all SIMs, `customer` of each, and the labelled anomalies (sim, kind, start, end exclusive)."""

    days: Days
    customer: NDArray[np.int32]
    events: Events
    fleet: Fleet


def labelled_days(fleet: Fleet) -> Labelled:
    """What the product would know of the fleet on each day: no label goes into `days`.

    A cohort is a hardware model (its type allocation code). The quota counts as reached from the day on which the
    cycle's use passes the plan's quota until the cycle ends.
    """
    parts = list(blocks(fleet))
    used = np.concatenate([part.bytes for part in parts], axis=1)
    abroad, new = _countries(fleet, parts)
    days = Days(
        first=fleet.start_date.toordinal(),
        bytes=used,
        sessions=np.concatenate([part.sessions for part in parts], axis=1).astype(np.float32),
        imei_changed=_other_devices(fleet),
        abroad=abroad,
        new_country=new,
        quota_reached=_quota_reached(fleet, used),
        active=_active(fleet),
        cohort=fleet.archetype.astype(np.int64) * MODELS + fleet.model,
        safety_critical=np.isin(fleet.kind, [KINDS.index(kind) for kind in SAFETY_CRITICAL_KINDS]),
    )
    anomalies = fleet.events[fleet.events["kind"] < Kind.IMEI_SWAP]
    return Labelled(days, fleet.customer, anomalies, fleet)


def _countries(fleet: Fleet, parts: list[Usage]) -> tuple[Flags, Flags]:
    """Seen abroad that day; and in a country where the SIM had not been before, its home aside."""
    visited = np.concatenate([part.visited for part in parts], axis=1)
    used = np.concatenate([part.bytes > 0 for part in parts], axis=1)
    abroad = used & (visited != fleet.country)
    new = np.zeros_like(abroad)
    for country in np.unique(visited[abroad]):
        there = abroad & (visited == country)
        sims = np.flatnonzero(there.any(axis=0))
        new[there[:, sims].argmax(axis=0), sims] = True
    return abroad, new


def _other_devices(fleet: Fleet) -> Flags:
    """Days on which another model of device was seen first, returns included."""
    changed = np.zeros((fleet.days, fleet.size), np.bool_)
    for sim, moves in Devices(fleet, imeis(fleet)).moves.items():
        for since, until, _ in moves:
            changed[[day for day in (since, until) if 0 <= day < fleet.days], sim] = True
    return changed


def _quota_reached(fleet: Fleet, used: NDArray[np.float32]) -> Flags:
    quota = np.array([plan.quota_mb * 1e6 for plan in PLANS])
    reached = np.zeros(used.shape, np.bool_)
    for index, mine in _by_plan(fleet):
        begins = [cycle_start(day, PLANS[index].billing_day) == day for day in fleet.dates]
        sums = np.zeros(mine.size)
        for day, anew in enumerate(begins):
            sums = used[day, mine] + (0 if anew else sums)
            reached[day, mine] = sums >= quota[index]
    return reached


def _by_plan(fleet: Fleet) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for index in range(len(PLANS)):
        yield index, np.flatnonzero(fleet.plan == index)


def _active(fleet: Fleet) -> Flags:
    """As the history of the SIM's status has it."""
    day = np.arange(fleet.days)[:, None]
    alive = (day >= fleet.first_day) & (day < fleet.stop_day)
    return alive & ((day < fleet.pause[:, 0]) | (day >= fleet.pause[:, 1]))
