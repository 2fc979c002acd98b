"""What the services of customers and plans return."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class CustomerRow(BaseModel):
    """A customer with its figures."""

    id: int
    name: str
    reference: str
    left_on: date | None = Field(default=None, description="The day it left, where somebody noted it")
    sims: int
    active: int
    usage_bytes: int = Field(description="In the billing cycles of its SIMs so far")
    monthly_cents: int = Field(description="Prices of the plans of its SIMs that are paid for")


class CustomerPage(Answer):
    items: list[CustomerRow]
    currency: str
    next_cursor: str | None = None


class CustomerDetails(CustomerRow, Answer):
    """One customer, with what its SIMs do."""

    by_status: dict[str, int]
    over_quota: int
    near_quota: int = Field(description="At 80 % of the quota or more, not over it")
    silent: int = Field(description="Active, and not seen for 7 days or ever")
    currency: str
    as_of: datetime | None = Field(description="Up to when usage of its SIMs is known")


class CustomerChange(Answer):
    name: str
    reference: str
    left_on: date | None = None
    before: dict[str, str] = {}


class PlanFacts(BaseModel):
    """All that a plan says. Money in cents, the price beyond the quota in cents a megabyte."""

    name: str
    quota_bytes: int
    price_cents: int
    overage_cents_per_mb: Decimal = Field(examples=["2.5"])
    pooled: bool
    billing_day: int
    currency: str

    @property
    def price(self) -> str:
        """In whole money, as a form takes it."""
        return f"{Decimal(self.price_cents) / 100:.2f}"

    @property
    def overage_price(self) -> str:
        return f"{self.overage_cents_per_mb / 100:.8f}".rstrip("0").rstrip(".")


class PlanRow(PlanFacts):
    id: int
    sims: int
    active: int
    usage_bytes: int = Field(description="In the billing cycles of its SIMs so far")
    monthly_cents: int = Field(description="Its price, for each of its SIMs that are paid for")


class PlanPage(Answer):
    items: list[PlanRow]
    next_cursor: str | None = None


class PlanChange(Answer):
    plan: PlanFacts
    before: PlanFacts | None = None
    sims: int = 0
