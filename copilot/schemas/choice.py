"""What the services about the choice of a model and its money return."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class OfferedModel(BaseModel):
    """A model that may be chosen."""

    name: str
    words: str = Field(description="What it is and whether data leave this installation")
    outside: bool
    chosen: bool


class CapOut(BaseModel):
    """A cap of one run. `most` is the server's, `own` the organisation's lower one, None: the server's holds."""

    name: str
    label: str
    most: int
    own: int | None


class BudgetOut(BaseModel):
    """A budget in US dollars, None for no limit, with what was used of it by now."""

    name: str
    label: str
    most: Decimal | None = Field(examples=["50.00"])
    used: Decimal | None = Field(
        examples=["12.50"], description="By the organisation, or None for a budget of each person"
    )
    renews_at: datetime


class CopilotSettingsOut(Answer):
    """How the organisation wants its copilot. `model` is what answers now, `by_admin`: somebody has chosen it."""

    model: str
    by_admin: bool
    lost: str = Field(description="A model that was chosen and is not offered any more, or empty")
    outside: bool = Field(description="Whether questions and results leave this installation")
    masked: bool = Field(description="Whether names and numbers leave as placeholders")
    masking: str = Field(description="outside, always or never")
    mask_labels: bool
    fallbacks: list[str]
    models: list[OfferedModel]
    budgets: list[BudgetOut]
    unpriced_tokens_month: int | None
    unpriced_tokens_used: int
    caps: list[CapOut]


class CopilotSettingsChange(CopilotSettingsOut):
    before: dict[str, Any] = Field(description="What was changed, as it was; empty text for none")


class SpendingRow(BaseModel):
    """Calls of models of one day, person or model. Money in US dollars, without the calls whose price is not known."""

    name: str
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int = Field(description="Of the input, those that the provider had kept")
    output_tokens: int
    cost: Decimal = Field(examples=["0.75"])
    cost_words: str
    unpriced: int = Field(description="Calls whose price is not known")
    estimated: int = Field(description="Calls that were broken off, so that their cost is an estimate")
    day: date | None = None


class SpendingDetail(SpendingRow):
    """One day of one person with one model."""

    person: str
    model: str


class LimitOut(BaseModel):
    """A budget that is set, and where it stands. `used` holds what is reserved for calls under way."""

    words: str
    most: Decimal = Field(examples=["50.00"])
    used: Decimal = Field(examples=["12.50"])
    left: Decimal = Field(examples=["37.50"])
    renews_at: datetime


class Spending(Answer):
    """What models took from `start` to `end`, both included, in days of the organisation."""

    start: date
    end: date
    own: bool = Field(description="Only one's own calls")
    total: SpendingRow
    days: list[SpendingRow]
    people: list[SpendingRow]
    models: list[SpendingRow]
    details: list[SpendingDetail] = []
    limits: list[LimitOut]
    figure: dict[str, Any] = Field(description="For plotly.js: cost a day, or tokens where nothing was paid")
