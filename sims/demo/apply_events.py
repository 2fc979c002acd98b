"""How each event changes a SIM's days. One event at a time: there are few."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from sims.cycles import cycle_start
from sims.demo.archetypes import PLANS
from sims.demo.events import Kind
from sims.demo.fleet import Fleet
from sims.demo.places import COUNTRIES

if TYPE_CHECKING:
    from sims.demo.usage import Usage

Event = np.void
LEAK_CEILING: Final = 400.0
MOST_BOOST: Final = 40.0  # how much more a SIM uses to reach its quota


def apply_events(fleet: Fleet, block: "Usage") -> None:
    """Change `block` in place for every event of its SIMs; silence and closing come last."""
    events = fleet.events_of(block.start, block.stop)
    for late in (False, True):
        for event in events[np.isin(events["kind"], (Kind.SILENT, Kind.SEASONAL_SHOP)) == late]:
            change = _CHANGES.get(Kind(event["kind"]))
            if change is not None:
                change(fleet, block, event, np.random.default_rng([fleet.seed, 4, int(event["extra"])]))


def _span(fleet: Fleet, event: Event) -> slice:
    return slice(max(int(event["start"]), 0), min(int(event["end"]), fleet.days))


def _theft(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    """Another device with this SIM: some hundred MB a day."""
    days, sim = _span(fleet, event), event["sim"] - block.start
    count = days.stop - days.start
    block.bytes[days, sim] += event["size"] * np.exp(rng.normal(0, 0.4, count))
    block.sessions[days, sim] += rng.integers(20, 90, count)


def _retry_storm(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    days, sim = _span(fleet, event), event["sim"] - block.start
    usual = fleet.level[event["sim"]]
    block.bytes[days, sim] = np.maximum(block.bytes[days, sim], usual) * event["size"]
    block.sessions[days, sim] = rng.integers(200, 3001, days.stop - days.start)


def _silent(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    block.bytes[_span(fleet, event), event["sim"] - block.start] = 0


def _leak(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    """Use doubles every `size` days until somebody mends it."""
    days, sim = _span(fleet, event), event["sim"] - block.start
    elapsed = np.arange(days.start, days.stop) - event["start"] + 1
    block.bytes[days, sim] *= np.minimum(2 ** (elapsed / event["size"]), LEAK_CEILING)


def _roaming_spike(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    """Suddenly in a country that is no neighbour, with more use."""
    days, sim = _span(fleet, event), event["sim"] - block.start
    home = COUNTRIES[fleet.country[event["sim"]]]
    far = [i for i, c in enumerate(COUNTRIES) if c.code != home.code and c.code not in home.neighbours]
    block.bytes[days, sim] = np.maximum(block.bytes[days, sim], fleet.level[event["sim"]]) * event["size"]
    block.visited[days, sim] = rng.choice(far)


def _throttled(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    """The quota is reached, and only a trickle is left until the cycle ends."""
    sim, plan = event["sim"] - block.start, PLANS[fleet.plan[event["sim"]]]
    day = int(event["start"])
    today = fleet.start_date + timedelta(days=day)
    first = (cycle_start(today, plan.billing_day) - fleet.start_date).days
    before = slice(max(first, 0), day)
    used = float(block.bytes[before, sim].sum())
    if used > 0:
        block.bytes[before, sim] *= np.clip(plan.quota_mb * 1.02e6 / used, 1, MOST_BOOST)
    block.bytes[_span(fleet, event), sim] *= event["size"]


def _wind_down(fleet: Fleet, block: "Usage", event: Event, rng: np.random.Generator) -> None:
    days, sim = _span(fleet, event), event["sim"] - block.start
    share = (np.arange(days.start, days.stop) - event["start"]) / (event["end"] - event["start"])
    block.bytes[days, sim] *= np.exp(-2.5 * share)


_CHANGES: Final[dict[Kind, Callable[[Fleet, "Usage", Event, np.random.Generator], None]]] = {
    Kind.THEFT: _theft,
    Kind.RETRY_STORM: _retry_storm,
    Kind.SILENT: _silent,
    Kind.LEAK: _leak,
    Kind.ROAMING_SPIKE: _roaming_spike,
    Kind.THROTTLED: _throttled,
    Kind.SEASONAL_SHOP: _silent,
    Kind.WIND_DOWN: _wind_down,
}
