"""Forecasts: what SIMs, customers, pools and the fleet will use, and when quotas run out. Sizes in bytes."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer

LOW, MIDDLE, HIGH = (
    "It is less in one case of ten",
    "The middle: more and less are as likely",
    "It is more in one case of ten",
)


class ForecastDay(BaseModel):
    """One day's use."""

    day: date
    low_bytes: int = Field(description=LOW)
    middle_bytes: int = Field(description=MIDDLE)
    high_bytes: int = Field(description=HIGH)


class PastDay(BaseModel):
    """What was used on a day."""

    day: date
    used_bytes: int


class UsageForecast(Answer):
    """What a SIM, a customer, a pool or the fleet will use, as of its newest usage.

    The sums are forecast as sums: they lie closer together than the days they are made of would let them.
    """

    headline: str = Field(default="", description="The one thing to know")
    scope: str = Field(description="sim, customer, pool, fleet or some (the SIMs on a plan that is no pool)")
    name: str
    sims: int = Field(description="How many SIMs it is about, those in stock and retired ones left out")
    iccid: str | None = None
    customer: str | None = None
    plan: str | None = None
    days: list[ForecastDay] = Field(description="From the first day that is not over on")
    low_bytes: int = Field(description=f"Sum of these days. {LOW}")
    middle_bytes: int = Field(description=f"Sum of these days. {MIDDLE}")
    high_bytes: int = Field(description=f"Sum of these days. {HIGH}")
    cycle_start_date: date
    cycle_end_date: date = Field(description="Customers and the fleet go by calendar months, others by their plan")
    used_bytes: int = Field(description="In the cycle so far, up to `as_of`")
    quota_bytes: int | None = Field(description="None without one; the SIMs of a pool have it together")
    cycle_low_bytes: int = Field(description=f"The whole cycle, what was used included. {LOW}")
    cycle_middle_bytes: int = Field(description=f"The whole cycle, what was used included. {MIDDLE}")
    cycle_high_bytes: int = Field(description=f"The whole cycle, what was used included. {HIGH}")
    exhausts_on: date | None = Field(description="When the middle passes the quota; None: not before the cycle ends")
    exhausts_probability: float | None = Field(description="That it is passed before the cycle ends; None: no quota")
    is_over: bool = Field(default=False, description="It has passed its quota already")
    history_days: int = Field(description="Known days that it stands on")
    is_prior: bool = Field(description="Too few of them: the usual use of like SIMs fills in")
    tier: int = Field(description="0: all SIMs each night, 1: a trained model, 2: models compared on demand")
    model: str
    version: str
    device_class: str = Field(default="", description="How regular its days are; of a SIM only")
    as_of: datetime
    notes: list[str] = Field(default=[], description="What the figures leave out, a sentence each")
    past: list[PastDay] = Field(default=[], description="The sixty days before today, and today so far")
    path: list[ForecastDay] = Field(default=[], description="The cycle added up, at the end of each day that is left")
    link: str = Field(description="The page of what it is about")
    chart: str = Field(description="The page of its chart")
    offers: list[Offer] = Field(default=[], description="Next steps held ready")

    @property
    def weight(self) -> str:
        """How much it asks for attention: hot, warm or nothing."""
        chance = self.exhausts_probability or 0
        return "hot" if self.is_over or chance >= 0.5 else "warm" if chance >= 0.2 else ""

    @property
    def is_empty(self) -> bool:
        """Nothing was used and nothing is expected."""
        return not (self.high_bytes or self.cycle_high_bytes or any(one.used_bytes for one in self.past))

    @property
    def percent(self) -> int | None:
        """The chance of passing the quota, in percent: never 0 or 100 where it is not certain."""
        chance = self.exhausts_probability
        if chance is None or self.is_over:
            return None if chance is None else 100
        return min(max(round(100 * chance), 1 if chance > 0 else 0), 99)


class UsageAnalysis(Answer):
    """What the days of a SIM, a customer or the fleet are like. Bytes a day; None: too few known days."""

    scope: str
    name: str
    sims: int
    iccid: str | None = None
    customer: str | None = None
    start_date: date
    end_date: date = Field(description="The last whole day")
    known_days: int
    used_days: int = Field(description="Days with any use")
    average_bytes: int
    p95_bytes: int = Field(description="On one day of twenty it is more")
    peak_bytes: int
    trend_percent: float | None = Field(
        description="Change a month, in percent of the average; 0 without a clear trend"
    )
    trend_words: str = Field(description="rising, falling, steady or unknown")
    volatility_percent: float | None = Field(
        description="How far days lie from their weekday's average, in percent of the average"
    )
    utilisation_percent: float | None = Field(description="Thirty average days, in percent of the quota")
    quota_bytes: int | None = None
    weekday_bytes: list[int] | None = Field(description="The average of each weekday, Monday first")
    as_of: datetime | None = None
    link: str


class QuotaRisk(BaseModel):
    """A SIM that may pass its quota before its cycle ends."""

    iccid: str
    label: str
    name: str
    status: str
    customer: str | None
    plan: str | None
    used_bytes: int
    quota_bytes: int
    cycle_end_date: date
    cycle_middle_bytes: int
    cycle_high_bytes: int
    exhausts_on: date | None = Field(description="None: not by the middle of the forecast")
    probability: float
    is_over: bool
    over_bytes: int = Field(description="What the middle of the forecast leaves beyond the quota at the cycle's end")
    is_prior: bool
    as_of: datetime
    link: str

    @property
    def percent(self) -> int:
        return 100 if self.is_over else min(max(round(100 * self.probability), 1), 99)


class QuotaRisks(Answer):
    """A page of SIMs, the surest first unless another order was asked for. `total` counts up to 10,000."""

    items: list[QuotaRisk]
    total: int
    total_is_exact: bool = True
    over: int = Field(description="Of all that fit, those over their quota already")
    min_probability: float
    next_cursor: str | None = None
    as_of: datetime | None = Field(default=None, description="When the newest of them was brought up to date")
    is_forecast: bool = Field(default=True, description="Whether there are any forecasts yet: they are made each night")
    offers: list[Offer] = Field(default=[], description="Next steps held ready")


class ModelScore(BaseModel):
    """A model on the days held back: what it would have said, against what was."""

    model: str
    accuracy_percent: float | None = Field(description="100 minus the summed errors in percent of what was used")
    sum_error_percent: float | None = Field(description="How far the sum of the days was off")
    days: list[ForecastDay] = Field(description="What it says of the days to come")
    middle_bytes: int = Field(description="Sum of these days")
    note: str = ""


class ModelComparison(Answer):
    """Models side by side for one SIM: their errors on its own last days, and what each says of the next."""

    iccid: str
    name: str
    history_days: int
    held_back_days: int
    scores: list[ModelScore] = Field(description="The best first")
    best: str
    missing: dict[str, str] = Field(default={}, description="Models that said nothing, and why")
    fell_back: bool = Field(description="No model was ready in time, so the night's forecast is given")
    as_of: datetime | None
    path: str = Field(description="The SIM's page")
