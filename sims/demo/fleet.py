"""The SIMs of the demo fleet: what each one is, whose, where, on which plan, since when and until when."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sims.cycles import cycle_start, next_cycle_start
from sims.demo.archetypes import ARCHETYPES, INDEX, PLANS, choose_plans
from sims.demo.companies import DemoCustomer
from sims.demo.draws import (
    KINDS,
    NEVER,
    REASONS,
    STATUS_SHARES,
    STATUSES,
    draw_all_customers,
    draw_archetypes,
    draw_border,
    draw_countries,
    draw_customer_of_each,
    draw_kinds,
    draw_levels,
    draw_lives,
    draw_models,
    draw_operators,
    draw_reasons,
)
from sims.demo.events import (
    EVENT,
    Campaign,
    Events,
    Kind,
    draw_campaigns,
    draw_events,
)
from sims.demo.recipe import USUAL, Recipe

# cameras at busy gates: whatever the day of the month, some SIM has used more than 5 GB in its cycle
BUSY_CAMERAS = 4
BUSY_BYTES = 1.2e9
BUSY_PLANS = ("Video 50 GB", "Video 100 GB")  # their cycles begin half a month apart
MEMORABLE_TRUCK = 17
GROWTH_SD = 0.0008  # a day
UNUSED_SHARE = 0.015
QUOTA_DAYS = 6  # a quota is not reached before
CAUGHT = 0.5  # of the thefts that are over, this share ended with a suspension


@dataclass
class Fleet:
    """`size` SIMs over `days` days that end with `end_date`; arrays have one entry a SIM.

    `level` is bytes a day; `growth` the change of its log a day; `first_day` .. `stop_day` (exclusive) is
    when the SIM is in use, in days from the start of the period (negative: before it); `reason` (index in
    REASONS) why it was stopped; `pause` one past suspension [from, to), (NEVER, NEVER) when there was none.
    """

    seed: int
    size: int
    days: int
    end_date: date
    customers: list[DemoCustomer]
    archetype: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    model: NDArray[np.uint8]
    customer: NDArray[np.int32]
    country: NDArray[np.uint8]
    operator: NDArray[np.uint8]
    plan: NDArray[np.uint8]
    status: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    level: NDArray[np.float32]
    growth: NDArray[np.float32]
    first_day: NDArray[np.int32]
    stop_day: NDArray[np.int32]
    pause: NDArray[np.int32]
    unused: NDArray[np.bool_]
    border: NDArray[np.bool_]
    events: Events
    campaigns: tuple[Campaign, ...]
    memorable: int  # the SIM whose ICCID ends in 3456, -1 for none
    recipe: Recipe = USUAL

    @property
    def start_date(self) -> date:
        return self.end_date - timedelta(days=self.days - 1)

    @property
    def dates(self) -> list[date]:
        return [self.start_date + timedelta(days=day) for day in range(self.days)]

    @property
    def pinned(self) -> NDArray[np.int64]:
        """The SIMs that nothing happens to."""
        busy = np.flatnonzero(self.archetype == INDEX["camera"])[:BUSY_CAMERAS]
        return np.append(busy, self.memorable) if self.memorable >= 0 else busy

    def status_name(self, sim: int) -> str:
        return STATUSES[self.status[sim]]

    def events_of(self, start: int, stop: int) -> Events:
        """The events of the SIMs start <= sim < stop."""
        low, high = np.searchsorted(self.events["sim"], [start, stop])
        return self.events[low:high]


def make_fleet(
    size: int,
    days: int,
    end_date: date,
    seed: int,
    *,
    home: str = "DE",
    memorable: bool = True,
    recipe: Recipe = USUAL,
) -> Fleet:
    """A fleet of `size` SIMs, most customers in the country `home`; the same call makes the same fleet.

    With `memorable`, the ICCID of the 17th truck ends in 3456, and no other.
    """
    rng = np.random.default_rng([seed, size, days, 1])
    archetype = draw_archetypes(size, rng, recipe)
    customers = draw_all_customers(size, home, rng)
    customer = draw_customer_of_each(archetype, customers, rng)
    level = draw_levels(archetype, customer, customers, rng, recipe)
    country = draw_countries(customer, customers, rng)
    status = rng.choice(len(STATUSES), size=size, p=STATUS_SHARES).astype(np.uint8)
    first_day, stop_day, pause = draw_lives(status, days, rng)
    fleet = Fleet(
        seed=seed, size=size, days=days, end_date=end_date, customers=customers, archetype=archetype,
        kind=draw_kinds(archetype, rng), model=draw_models(archetype, customer, rng), customer=customer,
        country=country, operator=draw_operators(country, rng), plan=choose_plans(level * 30 / 1e6, rng),
        status=status, reason=draw_reasons(status, rng), level=level.astype(np.float32),
        growth=rng.normal(0.0, GROWTH_SD, size=size).astype(np.float32), first_day=first_day,
        stop_day=stop_day, pause=pause, unused=(rng.random(size) < UNUSED_SHARE) & (status == 0),
        border=draw_border(archetype, country, rng, recipe), events=np.zeros(0, dtype=EVENT),
        campaigns=draw_campaigns(_hardware(), days, rng, recipe), memorable=-1,
        recipe=recipe,
    )  # fmt: skip
    _pin(fleet, rng, memorable=memorable)
    _let_things_happen(fleet, rng)
    return fleet


def _hardware() -> list[tuple[int, int, float]]:
    """Each hardware model as (archetype, model, bytes of a firmware update)."""
    return [
        (index, model, each.firmware_mb * 1e6)
        for index, each in enumerate(ARCHETYPES)
        for model in range(len(each.tacs))
    ]


def _pin(fleet: Fleet, rng: np.random.Generator, *, memorable: bool) -> None:
    """Fix a few SIMs that people are told about: the 17th truck, and some busy cameras."""
    truck = ARCHETYPES[INDEX["telematics"]].kinds[0][0]
    trucks = np.flatnonzero(fleet.kind == KINDS.index(truck))
    if trucks.size and memorable:
        fleet.memorable = int(trucks[min(MEMORABLE_TRUCK, trucks.size) - 1])
    busy = np.flatnonzero(fleet.archetype == INDEX["camera"])[:BUSY_CAMERAS]
    fleet.level[busy] = BUSY_BYTES * np.exp(rng.uniform(-0.15, 0.4, size=busy.size))
    plans = [index for index, plan in enumerate(PLANS) if plan.name in BUSY_PLANS]
    fleet.plan[busy] = np.resize(plans, busy.size)
    fixed = fleet.pinned
    fleet.status[fixed], fleet.reason[fixed], fleet.unused[fixed] = 0, 0, False
    fleet.first_day[fixed], fleet.stop_day[fixed], fleet.pause[fixed] = -400, NEVER, NEVER


def _let_things_happen(fleet: Fleet, rng: np.random.Generator) -> None:
    """Draw the events of all SIMs but the pinned ones."""
    first = np.where(fleet.unused, NEVER, fleet.first_day).astype(np.int32)
    events = draw_events(first, np.maximum(fleet.stop_day, first), fleet.days, rng, fleet.recipe)
    _fit_to_cycles(fleet, events)
    both = np.concatenate([events, _wind_downs(fleet, rng), _seasonal_shops(fleet, rng)])
    both = both[~np.isin(both["sim"], fleet.pinned)]
    caught = both[(both["kind"] == Kind.THEFT) & (both["end"] < fleet.days - 1)]
    caught = caught[(rng.random(caught.size) < CAUGHT) & (fleet.status[caught["sim"]] == 0)]
    fleet.status[caught["sim"]] = STATUSES.index("suspended")
    fleet.reason[caught["sim"]] = rng.choice([REASONS.index("imei_lock"), REASONS.index("fraud")], caught.size)
    fleet.stop_day[caught["sim"]], fleet.pause[caught["sim"]] = caught["end"], NEVER
    fleet.events = both[np.argsort(both["sim"], kind="stable")]


def _fit_to_cycles(fleet: Fleet, events: Events) -> None:
    """Throttling begins some days into a billing cycle and ends with it."""
    for place in np.flatnonzero(events["kind"] == Kind.THROTTLED):
        event = events[place]
        sim, billing_day = int(event["sim"]), PLANS[fleet.plan[event["sim"]]].billing_day
        today = fleet.start_date + timedelta(days=int(event["start"]))
        begin = (cycle_start(today, billing_day) - fleet.start_date).days
        end = min((next_cycle_start(today, billing_day) - fleet.start_date).days, int(fleet.stop_day[sim]))
        start = max(min(max(int(event["start"]), begin + QUOTA_DAYS), fleet.days, end) - 1, 0)
        event["start"], event["end"] = start, min(end, fleet.days)


def _wind_downs(fleet: Fleet, rng: np.random.Generator) -> Events:
    """Half of the SIMs that were taken out of service faded over weeks before."""
    leaving = np.isin(fleet.status, (STATUSES.index("inactive"), STATUSES.index("retired")))
    out = np.flatnonzero(leaving & (fleet.stop_day < fleet.days) & (rng.random(fleet.size) < 0.5))
    added = np.zeros(out.size, dtype=EVENT)
    added["sim"], added["kind"] = out, Kind.WIND_DOWN
    added["end"] = fleet.stop_day[out]
    added["start"] = added["end"] - rng.integers(30, 61, out.size)
    return added


def _seasonal_shops(fleet: Fleet, rng: np.random.Generator) -> Events:
    """Three in a hundred shops and machines close for some weeks in half a year."""
    shops = np.isin(fleet.archetype, (INDEX["POS"], INDEX["vending"])) & (fleet.status == 0)
    closed = np.flatnonzero(shops & (rng.random(fleet.size) < 0.03 * fleet.recipe.seasonal * min(fleet.days / 180, 1)))
    added = np.zeros(closed.size, dtype=EVENT)
    added["sim"], added["kind"] = closed, Kind.SEASONAL_SHOP
    added["start"] = rng.integers(0, fleet.days, closed.size)
    added["end"] = np.minimum(added["start"] + rng.integers(21, 71, closed.size), fleet.days)
    return added
