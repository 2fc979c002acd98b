"""Why a SIM uses what it uses."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class Share(BaseModel):
    """A network or country and how much went through it."""

    name: str
    bytes_total: int
    share_percent: float


class OpenAnomaly(BaseModel):
    id: int
    title: str
    severity: str
    first_day: date


class Peers(BaseModel):
    """The active SIMs on the same plan of the same customer, by usage in their billing cycle."""

    count: int
    above_percent: float = Field(description="Share of them that have used less than this SIM")
    median_bytes: int
    what: str = Field(description="Which SIMs they are, in words")


class UsageExplained(Answer):
    """What a SIM used in a period, and what speaks for its being high. Bytes; days are the organisation's."""

    iccid: str
    label: str
    start_date: date
    end_date: date
    total_bytes: int
    usual_bytes: int | None = Field(description="What so many days normally use, by the 56 before; None: too few known")
    ratio: float | None = Field(description="The total over what is usual")
    is_high: bool
    began_on: date | None = Field(description="When it rose for good, within the last 60 days")
    peak_day: date | None
    peak_bytes: int
    busiest_hour: int | None = Field(description="Hour of the day that stands out, 0 to 23, in the organisation's zone")
    busiest_percent: float | None
    networks: list[Share]
    countries: list[Share]
    quota_bytes: int | None
    quota_percent: float | None = Field(description="Of the quota, this cycle")
    cycle_percent: float = Field(description="How much of the cycle is over")
    peers: Peers | None
    anomalies: list[OpenAnomaly]
    as_of: datetime | None
    link: str
