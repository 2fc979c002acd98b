"""What the services of the organisation itself return."""

from datetime import date

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer, JobOut


class Kept(BaseModel):
    """How long one kind of usage is kept. The operator of the installation decides."""

    kind: str = Field(description="records, hours or days")
    days: int = Field(description="0: for ever")
    first_day: date | None = Field(description="The first day that is kept; None: for ever")


class OrganizationOut(Answer):
    name: str
    slug: str
    time_zone: str = Field(description="Where its days begin, a name of the IANA database")
    currency: str = Field(description="ISO 4217")
    kept: list[Kept]
    rebuild: JobOut | None = Field(default=None, description="The last rebuild of the days after a change of the zone")


class OrganizationChange(Answer):
    """The organisation before and after a change."""

    before: dict[str, str]
    after: dict[str, str]
    job: JobOut | None = Field(default=None, description="The job that rebuilds the days, when the zone changed")


class DaysRebuilt(Answer):
    sims: int
    first_day: date | None
    time_zone: str
