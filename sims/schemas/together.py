"""The usage of several SIMs together."""

from datetime import date, datetime

from pydantic import BaseModel

from iotsim.core.schemas import Answer


class SimUsage(BaseModel):
    """One of them in the period."""

    iccid: str
    label: str
    status: str
    usage_bytes: int
    sessions: int


class UsageOfSims(Answer):
    """What they used between two days of the organisation, both included; the heaviest first."""

    start_date: date
    end_date: date
    sims: int
    silent: int
    total_bytes: int
    items: list[SimUsage]
    total: int
    as_of: datetime | None
