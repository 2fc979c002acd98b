"""Customer health: dated snapshots and the risk that a customer leaves."""

from datetime import date

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ReasonOut(BaseModel):
    """What speaks for or against a customer, in words."""

    feature: str
    words: str
    weight: float = Field(description="Above 0: likelier to leave. Points taken off by rules, log-odds for a model")

    @property
    def raises(self) -> bool:
        return self.weight > 0


class HealthFacts(BaseModel):
    """A customer on the newest day that was looked at."""

    customer: str
    customer_id: int
    day: date | None = Field(description="Null: not looked at yet")
    score: int | None = Field(description="Health by rules, 100 is best; it is no learned model")
    band: str = Field(description="healthy, watch, at risk, left or unknown")
    probability: float | None = Field(
        default=None, description="That it leaves within 30 days, by the learned model in use; null without one"
    )
    model_version: int | None = Field(default=None, description="Of the model of churn that said so")
    reasons: list[ReasonOut] = Field(default=[], description="By the rules: what took points off")
    left_on: date | None = None

    @property
    def mark(self) -> str:
        """The band as a name for the style sheet."""
        return self.band.replace(" ", "-")


class CustomerHealth(Answer, HealthFacts):
    """One customer's health."""

    score_before: int | None = Field(default=None, description="Thirty days earlier")
    basis: str = Field(description="What the risk rests on: a learned model, or rules and what is missing to learn")


class HealthPage(Answer):
    items: list[HealthFacts]
    next_cursor: str | None = None


class ChurnRow(HealthFacts):
    """A customer with its risk and the heaviest reasons for it."""

    why: str = Field(description="What makes leaving likelier, in words")


class ChurnPage(Answer):
    """Customers by risk, the riskiest first."""

    items: list[ChurnRow]
    is_learned: bool = Field(description="Whether a learned model is in use; else rules order the customers")
    basis: str
    day: date | None
    next_cursor: str | None = None


class ChurnExplanation(Answer, HealthFacts):
    """Why a customer is thought to leave or stay, every feature with its part."""

    is_learned: bool
    basis: str
    parts: list[ReasonOut] = Field(description="All features, the heaviest first: SHAP values, or points by rules")
