"""The seven kinds of device in the demo fleet, and the plans that fit them.

Shares, monthly medians, spreads and activity are facts of real IoT fleets, condensed to one row a kind.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Archetype:
    """One kind of device.

    `median_mb` is the median of 30 days' use in MB; `between_sd` the log-sd between SIMs; `daily_sd` the
    log-sd of one SIM's days; `weekday`, `weekend` the probability of any use on such a day; `keepalive` the
    share of use that goes on without activity; `profile` the relative use Monday to Sunday; `season` the
    yearly swing with its peak at `peak_day` of the year; `sessions` the usual number a day; `firmware_mb` the
    size of an update.
    """

    name: str
    share: float
    median_mb: float
    between_sd: float
    daily_sd: float
    weekday: float
    weekend: float
    keepalive: float
    mobile: bool
    profile: tuple[float, ...]
    season: float
    peak_day: int
    sessions: float
    firmware_mb: float
    kinds: tuple[tuple[str, float], ...]  # device kinds with their shares
    tacs: tuple[str, ...]  # type allocation codes of its hardware models


FLAT: Final = (1.0,) * 7
WORK: Final = (1.05, 1.08, 1.08, 1.06, 1.0, 0.75, 0.6)
SHOP: Final = (0.85, 0.88, 0.92, 1.0, 1.2, 1.4, 0.75)

ARCHETYPES: Final = (
    Archetype(
        name="smart meter", share=0.34, median_mb=3, between_sd=0.55, daily_sd=0.10, weekday=0.995,
        weekend=0.995, keepalive=0.10, mobile=False, profile=FLAT, season=0.04, peak_day=15, sessions=4,
        firmware_mb=0.4,
        kinds=(("electricity meter", 0.55), ("water meter", 0.25), ("gas meter", 0.20)),
        tacs=("35931110", "86804205"),
    ),
    Archetype(
        name="tracker", share=0.18, median_mb=8, between_sd=0.80, daily_sd=0.55, weekday=0.90, weekend=0.45,
        keepalive=0.0, mobile=True, profile=WORK, season=0.03, peak_day=280, sessions=30, firmware_mb=0.7,
        kinds=(("container", 0.4), ("trailer", 0.4), ("tool case", 0.2)),
        tacs=("35781254", "86156304", "35202009"),
    ),
    Archetype(
        name="telematics", share=0.14, median_mb=120, between_sd=1.0, daily_sd=0.60, weekday=0.93,
        weekend=0.62, keepalive=0.0, mobile=True, profile=WORK, season=0.03, peak_day=280, sessions=14,
        firmware_mb=25,
        kinds=(("truck", 0.6), ("van", 0.4)),
        tacs=("35164111", "86938703"),
    ),
    Archetype(
        name="POS", share=0.12, median_mb=25, between_sd=0.70, daily_sd=0.30, weekday=0.97, weekend=0.70,
        keepalive=0.05, mobile=False, profile=SHOP, season=0.06, peak_day=350, sessions=60, firmware_mb=9,
        kinds=(("card terminal", 0.7), ("till", 0.3)),
        tacs=("35889107", "86472103"),
    ),
    Archetype(
        name="vending", share=0.08, median_mb=6, between_sd=0.60, daily_sd=0.25, weekday=0.985, weekend=0.96,
        keepalive=0.10, mobile=False, profile=WORK, season=0.10, peak_day=200, sessions=20, firmware_mb=2,
        kinds=(("vending machine", 1.0),),
        tacs=("35676905", "86235604"),
    ),
    Archetype(
        name="alarm", share=0.09, median_mb=4, between_sd=0.50, daily_sd=0.08, weekday=0.999, weekend=0.999,
        keepalive=0.40, mobile=False, profile=FLAT, season=0.0, peak_day=1, sessions=24, firmware_mb=0.6,
        kinds=(("alarm panel", 0.7), ("lift phone", 0.3)),
        tacs=("35397808", "86011902"),
    ),
    Archetype(
        name="camera", share=0.05, median_mb=2500, between_sd=1.1, daily_sd=0.75, weekday=0.99, weekend=0.98,
        keepalive=0.02, mobile=False, profile=FLAT, season=0.03, peak_day=180, sessions=8, firmware_mb=150,
        kinds=(("camera", 1.0),),
        tacs=("35548310", "86743906"),
    ),
)  # fmt: skip

INDEX: Final = {archetype.name: position for position, archetype in enumerate(ARCHETYPES)}
SAFETY_CRITICAL_KINDS: Final = frozenset({"lift phone"})
LABEL_WORDS: Final = {
    "electricity meter": "meter", "water meter": "water", "gas meter": "gas", "container": "container",
    "trailer": "trailer", "tool case": "toolcase", "truck": "truck", "van": "van",
    "card terminal": "terminal", "till": "till", "vending machine": "vending", "alarm panel": "alarm",
    "lift phone": "lift", "camera": "camera",
}  # fmt: skip


@dataclass(frozen=True)
class DemoPlan:
    """A tariff. `quota_mb` in decimal megabytes, money in cents of EUR, `billing_day` 1 to 28."""

    name: str
    quota_mb: int
    price_cents: int
    overage_cents_per_mb: float
    billing_day: int
    pooled: bool = False


PLANS: Final = (
    DemoPlan("Meter 5 MB", 5, 60, 12, 1),
    DemoPlan("Meter 10 MB", 10, 80, 10, 1),
    DemoPlan("Sensor 25 MB", 25, 110, 6, 5),
    DemoPlan("Tracker 50 MB", 50, 150, 5, 10),
    DemoPlan("Retail 100 MB", 100, 220, 4, 15),
    DemoPlan("Fleet 250 MB", 250, 350, 3, 20),
    DemoPlan("Fleet 500 MB Pool", 500, 490, 2, 20, pooled=True),
    DemoPlan("Fleet 1 GB", 1_000, 690, 2, 25),
    DemoPlan("Fleet 3 GB", 3_000, 1190, 1, 12),
    DemoPlan("Video 5 GB", 5_000, 1690, 1, 22),
    DemoPlan("Video 10 GB", 10_000, 2490, 1, 8),
    DemoPlan("Video 20 GB", 20_000, 3990, 1, 15),
    DemoPlan("Video 50 GB", 50_000, 7990, 1, 1),
    DemoPlan("Video 100 GB", 100_000, 13990, 1, 15),
)


HEADROOM: Final = 0.32  # the log of what people leave above a month's usual use
HEADROOM_SD: Final = 0.3


def choose_plans(month_mb: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The smallest plan that leaves each SIM some headroom over `month_mb`; some have none."""
    headroom = np.exp(rng.normal(HEADROOM, HEADROOM_SD, size=month_mb.shape))
    quotas = np.array([plan.quota_mb for plan in PLANS])
    chosen = np.searchsorted(quotas, month_mb * headroom)
    return np.minimum(chosen, len(PLANS) - 1).astype(np.uint8)
