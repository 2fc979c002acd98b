"""Things side by side. Sizes in bytes."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ComparedUse(BaseModel):
    """One SIM, customer or operator (or the whole fleet) in the period and in the one before."""

    name: str
    kind: str = Field(description="sim, customer, operator or fleet")
    link: str
    sims: int
    usage_bytes: int
    before_bytes: int
    average_bytes: int = Field(description="A day and SIM of the period")
    change_percent: float | None = Field(description="Against the period before; None: nothing was used then")
    share: float = Field(description="Of the largest among them, 0 to 100")
    before_share: float = Field(description="The period before, of the same largest")

    @property
    def change_words(self) -> str:
        if self.change_percent is None:
            return "nothing before" if self.usage_bytes else "no usage"
        amount = round(abs(self.change_percent))
        if not amount:
            return "as before"
        return f"{amount:,}\u00a0% {'more' if self.change_percent > 0 else 'less'} than before"


class Comparison(Answer):
    """What was asked for side by side, the heaviest first."""

    title: str
    items: list[ComparedUse]
    start_date: date
    end_date: date
    before_start_date: date
    before_end_date: date
    notes: list[str] = Field(default=[], description="What the figures leave out, a sentence each")
    as_of: datetime | None = Field(default=None, description="Up to when usage is known")
