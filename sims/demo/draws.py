"""Drawing what each SIM of a fleet is: one array a property, each from the one generator it is given."""

import numpy as np
from numpy.typing import NDArray

from sims.demo.archetypes import ARCHETYPES
from sims.demo.companies import SECTORS, DemoCustomer, draw_customers
from sims.demo.places import COUNTRIES, COUNTRY_INDEX, OPERATOR_COUNTRY, OPERATORS
from sims.demo.recipe import Recipe

ZIPF = 1.6
CUSTOMER_SD = 0.35
NEVER = 1 << 20  # a day beyond every period

STATUSES = ("active", "inactive", "suspended", "retired", "inventory", "test_ready")
STATUS_SHARES = (0.915, 0.02, 0.025, 0.012, 0.018, 0.01)
REASONS = ("", "user", "limit", "balance", "imei_lock", "carrier", "fraud")
STOP_REASONS = {  # why SIMs in these states were stopped, with shares
    "inactive": ((1, 0.7), (5, 0.2), (2, 0.1)),
    "suspended": ((2, 0.4), (1, 0.3), (3, 0.15), (5, 0.15)),
    "retired": ((1, 1.0),),
}
IN_USE = ("active", "inactive", "suspended", "retired")

KINDS = tuple(kind for each in ARCHETYPES for kind, _ in each.kinds)


def draw_archetypes(size: int, rng: np.random.Generator, recipe: Recipe) -> NDArray[np.uint8]:
    """Exact shares, shuffled."""
    edges = np.round(np.cumsum([a.share for a in recipe.archetypes]) * size).astype(int)
    counts = np.diff(edges, prepend=0)
    return rng.permutation(np.repeat(np.arange(len(ARCHETYPES), dtype=np.uint8), counts))


def draw_all_customers(size: int, home: str, rng: np.random.Generator) -> list[DemoCustomer]:
    codes = [home] + [c.code for c in COUNTRIES if c.code != home]
    shares = [0.45] + [c.share for c in COUNTRIES if c.code != home]
    return draw_customers(int(np.clip(np.sqrt(size), 8, 400)), codes, shares, rng)


def _zipf(count: int) -> NDArray[np.float64]:
    weights = np.arange(1, count + 1, dtype=float) ** -ZIPF
    share: NDArray[np.float64] = weights / weights.sum()
    return share


def _serving(name: str, customers: list[DemoCustomer]) -> NDArray[np.int32]:
    """The customers whose trade uses an archetype, largest first."""
    sectors = {sector for sector, names in SECTORS.items() if name in names}
    return np.array([i for i, c in enumerate(customers) if c.sector in sectors], dtype=np.int32)


def draw_customer_of_each(
    archetype: NDArray[np.uint8], customers: list[DemoCustomer], rng: np.random.Generator
) -> NDArray[np.int32]:
    found = np.zeros(archetype.size, dtype=np.int32)
    for index, each in enumerate(ARCHETYPES):
        mine = np.flatnonzero(archetype == index)
        serving = _serving(each.name, customers)
        found[mine] = rng.choice(serving, size=mine.size, p=_zipf(serving.size))
    return found


def draw_levels(
    archetype: NDArray[np.uint8],
    customer: NDArray[np.int32],
    customers: list[DemoCustomer],
    rng: np.random.Generator,
    recipe: Recipe,
) -> NDArray[np.float64]:
    """Bytes a day: lognormal around the archetype's median, shifted by the customer.

    Each archetype is centred, or its largest customer would move its median.
    """
    effects = np.array([c.effect for c in customers])
    logs = rng.standard_normal(archetype.size)
    for index, each in enumerate(recipe.archetypes):
        mine = archetype == index
        own = each.between_sd * logs[mine] + effects[customer[mine]]
        logs[mine] = np.log(each.median_mb * 1e6 / 30) + own - (np.median(own) if own.size else 0.0)
    return np.exp(logs)


def draw_countries(
    customer: NDArray[np.int32], customers: list[DemoCustomer], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Four of five SIMs are where their customer is; the rest anywhere."""
    own = np.array([COUNTRY_INDEX[c.country] for c in customers])[customer]
    other = rng.choice(len(COUNTRIES), size=customer.size, p=[c.share for c in COUNTRIES])
    return np.where(rng.random(customer.size) < 0.8, own, other).astype(np.uint8)


def draw_operators(country: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    found = np.zeros(country.size, dtype=np.uint8)
    for index in range(len(COUNTRIES)):
        mine = np.flatnonzero(country == index)
        choices = [i for i, owner in enumerate(OPERATOR_COUNTRY) if owner == index]
        found[mine] = rng.choice(choices, size=mine.size, p=[OPERATORS[i].share for i in choices])
    return found


def draw_models(
    archetype: NDArray[np.uint8], customer: NDArray[np.int32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The hardware model: customers buy one, with some older stock."""
    counts = np.array([len(a.tacs) for a in ARCHETYPES])[archetype]
    own = (customer + archetype) % counts
    other = (rng.random(archetype.size) * counts).astype(int)
    models: NDArray[np.uint8] = np.where(rng.random(archetype.size) < 0.7, own, other).astype(np.uint8)
    return models


def draw_kinds(archetype: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Index in KINDS."""
    found = np.zeros(archetype.size, dtype=np.uint8)
    for index, each in enumerate(ARCHETYPES):
        mine = np.flatnonzero(archetype == index)
        choices = [KINDS.index(kind) for kind, _ in each.kinds]
        found[mine] = rng.choice(choices, size=mine.size, p=[share for _, share in each.kinds])
    return found


def draw_border(
    archetype: NDArray[np.uint8], country: NDArray[np.uint8], rng: np.random.Generator, recipe: Recipe
) -> NDArray[np.bool_]:
    mobile = np.array([each.mobile for each in ARCHETYPES])[archetype]
    neighbours = np.array([bool(each.neighbours) for each in COUNTRIES])[country]
    border: NDArray[np.bool_] = mobile & neighbours & (rng.random(archetype.size) < 0.05 * recipe.borders)
    return border


def draw_reasons(status: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    found = np.zeros(status.size, dtype=np.uint8)
    for name, shares in STOP_REASONS.items():
        mine = np.flatnonzero(status == STATUSES.index(name))
        found[mine] = rng.choice([reason for reason, _ in shares], mine.size, p=[share for _, share in shares])
    return found


def draw_lives(
    status: NDArray[np.uint8], days: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """First day in use, first day no longer in use, and one past pause."""
    size = status.size
    grown = rng.random(size) < 0.12
    first = np.where(grown, rng.integers(0, max(days - 20, 1), size), -rng.integers(1, 900, size))
    used = status < len(IN_USE)
    first = np.where(used, first, NEVER)
    lived_from = np.clip(first, 0, days - 2)
    stop = np.full(size, NEVER)
    stopped = used & (status > 0)
    span = np.maximum(days - 1 - lived_from, 1)
    stop[stopped] = (lived_from + 1 + rng.random(size) * (span - 1))[stopped].astype(int)
    stop[~used] = NEVER
    pause = np.full((size, 2), NEVER)
    paused = np.flatnonzero((status == 0) & ~grown & (rng.random(size) < 0.02) & (days > 40))
    pause[paused, 0] = rng.integers(5, max(days - 25, 6), paused.size)
    pause[paused, 1] = pause[paused, 0] + rng.integers(1, 15, paused.size)
    return first.astype(np.int32), stop.astype(np.int32), pause.astype(np.int32)
