"""How each demo SIM came to its state: steps that follow the lifecycle's transition table."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from sims.demo.draws import NEVER, REASONS
from sims.demo.fleet import Fleet

NOTES: Final = {
    "user": "Asked for by the customer.",
    "limit": "The limit of the billing cycle was reached.",
    "balance": "The customer's balance was used up.",
    "imei_lock": "The SIM was seen in another device.",
    "carrier": "Stopped by the operator.",
    "fraud": "Use that its device cannot cause.",
    "first_traffic": "",
    "import": "",
}
OFFICE_HOURS: Final = (7 * 3600, 17 * 3600)
STOCK_DAYS: Final = (3, 40)  # how long a SIM lies in stock before it is activated


class Step(NamedTuple):
    """A change of state on a day of the period (negative: before it), `second` seconds into it."""

    sim: int
    from_status: str
    to_status: str
    reason: str
    day: int
    second: int


def created_days(fleet: Fleet) -> list[int]:
    """The day each SIM came into the inventory."""
    rng = np.random.default_rng([fleet.seed, 6])
    stock = rng.integers(*STOCK_DAYS, size=fleet.size)
    first = np.where(fleet.first_day == NEVER, fleet.days - 5 - rng.integers(0, 90, fleet.size), fleet.first_day)
    days: list[int] = (first - stock).tolist()
    return days


def steps(fleet: Fleet, created: list[int], start: int, stop: int) -> Iterator[Step]:
    """The steps of the SIMs start <= sim < stop, each SIM's in their order; `created` are `created_days`."""
    rng = np.random.default_rng([fleet.seed, 7, start])
    seconds = rng.integers(*OFFICE_HOURS, size=(stop - start, 4)).tolist()
    tested = (rng.random(stop - start) < 0.3).tolist()
    for sim in range(start, stop):
        at = seconds[sim - start]
        status = fleet.status_name(sim)
        if status == "test_ready":
            yield Step(sim, "inventory", "test_ready", "user", created[sim] + 2, at[0])
        elif status != "inventory":
            yield from _life(fleet, sim, status, created[sim], at, tested=tested[sim - start])


def _life(fleet: Fleet, sim: int, status: str, created: int, at: list[int], *, tested: bool) -> Iterator[Step]:
    first, stop = int(fleet.first_day[sim]), int(fleet.stop_day[sim])
    if tested:
        yield Step(sim, "inventory", "test_ready", "user", created + 1, at[0])
        yield Step(sim, "test_ready", "active", "first_traffic", first, at[1])
    else:
        yield Step(sim, "inventory", "active", "user", first, at[1])
    paused, resumed = fleet.pause[sim].tolist()
    if resumed < min(stop, fleet.days):
        reason = "limit" if at[2] % 2 else "user"
        yield Step(sim, "active", "suspended", reason, paused, at[2])
        yield Step(sim, "suspended", "active", "user", resumed, at[2])
    if status != "active":
        yield Step(sim, "active", status, REASONS[fleet.reason[sim]], stop, at[3])
