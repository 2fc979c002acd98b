"""An answer that can be drawn: the figure, the same numbers as a table, and where they come from. Pure."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ChartColumn(BaseModel):
    """A column of a chart's table. `unit` is that of the values; empty for names."""

    label: str
    unit: str = ""
    numeric: bool = False


class ChartCell(BaseModel):
    """One value and how it reads; `link` is the page behind it."""

    value: str | int | float | None
    text: str
    link: str = ""

    @property
    def numeric(self) -> bool:
        return isinstance(self.value, int | float)


class Chart(Answer):
    """A figure with its table. The sentence says the main fact, the table holds every number of the figure."""

    chart_type: str
    title: str
    about: str = Field(description="Which SIMs and which days, in words")
    start_date: date | None = None
    end_date: date | None = None
    as_of: datetime | None = Field(default=None, description="Up to when usage is known")
    unit: str = Field(description="Of the figure's numbers")
    currency: str | None = Field(default=None, description="Of the costs; money of another currency is never added")
    notes: list[str] = Field(default=[], description="What the numbers leave out, a sentence each")
    figure: dict[str, Any] = Field(description="For plotly.js: data and layout; colours are tokens of the style sheet")
    columns: list[ChartColumn]
    rows: list[list[ChartCell]]
    is_empty: bool = Field(default=False, description="There is nothing to draw")
    link: str = Field(description="The page that lists the SIMs behind it")
    page: str = Field(description="The page of this chart")
    csv: str = Field(description="The table as a CSV file")

    def with_note(self, note: str) -> "Chart":
        """The same with a further note, said as well."""
        return self.model_copy(update={"sentence": f"{self.sentence} {note}", "notes": [*self.notes, note]})
