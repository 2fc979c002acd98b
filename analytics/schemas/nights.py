"""What a night of analytics came to."""

from datetime import datetime

from pydantic import Field

from iotsim.core.schemas import Answer


class AnalyticsNight(Answer):
    """How much was looked at; the sentence says what came of it."""

    sims: int
    days: int = Field(description="Whole days of usage that were read")
    as_of: datetime | None = Field(description="Up to when usage is known")
