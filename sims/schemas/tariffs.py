"""What moving SIMs to another plan returns."""

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class PlanBefore(BaseModel):
    """SIMs that were on the same plan; `plan_id` None: on none."""

    plan_id: int | None
    sims: list[int] = Field(max_length=100_000, description="Ids of SIMs")


class PlanMoved(Answer):
    """How many SIMs went to which plan, and what that changes a month by the plans' prices."""

    plan: str
    plan_id: int
    changed: int
    unchanged: int = Field(description="SIMs that were on it already, or are retired")
    monthly_cost_change_cents: int | None = Field(description="None: they paid in other currencies before")
    currency: str
    before: list[PlanBefore] = Field(default=[], description="The plans they had")
