"""Savings: advice on plans and pools, and what came of it. Money in cents of its currency, a month; sizes in bytes."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer, JobOut


class PlanFigures(BaseModel):
    """A plan's prices, as the advice compares them."""

    name: str
    price_cents: int
    quota_bytes: int
    overage_cents_per_mb: float
    pooled: bool


class AdviceOut(BaseModel):
    """One recommendation. Costs are averages over the forecast usage; `worst`: in a month heavier than nine of ten."""

    id: int
    kind: str = Field(description="change_plan, retire_idle, resize_pool or raise_quota")
    kind_title: str
    state: str = Field(description="open, applied, dismissed or expired")
    what: str = Field(description="What to do, in words")
    iccid: str = Field(description="Empty: it is about a pool")
    label: str
    customer: str
    sims: int = Field(description="How many SIMs change")
    from_plan: PlanFigures | None
    to_plan: PlanFigures | None
    moves: dict[str, int] = Field(default={}, description="Of a pool: how many SIMs go to which plan")
    cost_cents: int
    worst_cost_cents: int
    saving_cents: int
    worst_saving_cents: int
    currency: str
    confidence: str = Field(description="high, medium or low")
    reason: str
    is_final: bool = Field(description="It cannot be undone")
    usage_p10_bytes: int
    usage_p50_bytes: int
    usage_p90_bytes: int
    history_days: int
    unused_cycles: int
    since: date
    decided_at: datetime | None = None
    decided_by: str = ""
    realised_cents: int = Field(default=0, description="Saved so far, over whole 30 days since it was applied")
    realised_cycles: int = 0

    @property
    def name(self) -> str:
        return self.label or (f"...{self.iccid[-4:]}" if self.iccid else self.customer or "No customer")

    @property
    def advised_cents(self) -> int:
        return self.cost_cents - self.saving_cents

    @property
    def worst_advised_cents(self) -> int:
        return self.worst_cost_cents - self.worst_saving_cents


class SavingSum(BaseModel):
    """What fits, in one currency; of one kind where `kind` is given."""

    currency: str
    kind: str = ""
    kind_title: str = ""
    count: int
    saving_cents: int
    worst_saving_cents: int


class RealisedSum(BaseModel):
    """What applied advice has saved so far, in one currency."""

    currency: str
    applied: int
    measured: int = Field(description="Of these, how many have at least one whole 30 days behind them")
    saved_cents: int


class OverageWarning(BaseModel):
    """A SIM or a pool that is expected to go beyond its quota before its cycle ends, with the day."""

    name: str
    iccid: str = Field(default="", description="Empty: a pool")
    customer: str = ""
    plan: str
    on_date: date = Field(description="The day on which the quota is expected to be used up")
    cycle_end_date: date
    overage_cents: int = Field(description="Expected by the end of the cycle")
    worst_cents: int
    currency: str


class Savings(Answer):
    """A page of recommendations, the largest saving first, with the sums of all that fit."""

    items: list[AdviceOut]
    total: int
    totals: list[SavingSum]
    kinds: list[SavingSum]
    realised: list[RealisedSum]
    overage: list[OverageWarning] = Field(description="The twenty dearest")
    has_run: bool = Field(description="Whether a night has looked for savings yet")
    night: date | None
    as_of: datetime | None
    next_cursor: str | None = None
    offers: list[Offer] = Field(default=[], description="Next steps held ready")


class AppliedAdvice(Answer):
    """What was done with recommendations. Of many, a job does it."""

    applied: int
    sims: int
    skipped: int = Field(description="Left as they were, since something changed meanwhile")
    saving_cents: dict[str, int] = Field(description="Expected a month, by currency")
    batch: str = ""
    can_be_undone: bool = True
    job: JobOut | None = None


class AdviceDecision(Answer):
    """Recommendations that were dismissed, or brought back."""

    count: int
    batch: str = ""


class CostItem(BaseModel):
    """What a group of SIMs cost in one currency; `forecast` and `worst` are to the end of the cycle."""

    name: str
    currency: str
    sims: int
    plan_cents: int
    overage_cents: int
    record_cents: int
    total_cents: int
    forecast_cents: int | None = Field(default=None, description="Expected at the end of the cycle")
    worst_cents: int | None = Field(default=None, description="At the end of the cycle, if usage is heavy (90 %)")


class CostBreakdown(Answer):
    """Costs by group; without a period those of each SIM's billing cycle so far, with what is expected at its end."""

    by: str
    items: list[CostItem]
    totals: list[CostItem] = Field(description="One for each currency; amounts of several are never added")
    start_date: date | None
    end_date: date | None
    as_of: datetime | None


class Backtest(Answer):
    """What SIMs would have cost on another plan, against what they cost; both without the carrier's own records."""

    plan: str
    sims: int
    start_date: date
    end_date: date
    cost_cents: dict[str, int] = Field(description="What they cost, by currency")
    would_cents: int
    would_overage_cents: int
    currency: str
    saving_cents: int | None = Field(description="Negative: it would have cost more; None: paid in other currencies")
