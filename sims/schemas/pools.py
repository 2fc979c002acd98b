"""A pool, as services show it. Sizes in bytes, times in UTC."""

from datetime import date, datetime

from pydantic import BaseModel, Field


class PoolOut(BaseModel):
    """The SIMs of one customer on a pooled plan, which share the sum of their quotas in this billing cycle."""

    plan: str
    customer: str | None
    sims: int
    used_bytes: int
    quota_bytes: int
    percent: float | None
    threshold_percent: int
    over_bytes: int = Field(description="Above the quota")
    cycle_start_date: date | None
    as_of: datetime | None

    @property
    def name(self) -> str:
        return f"{self.plan}{f' of {self.customer}' if self.customer else ''}"
