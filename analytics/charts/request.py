"""What was asked of a chart, and what every chart says of that: the SIMs, the days, the addresses."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from analytics.parameters import KINDS, Group, Kind
from iotsim.core.actor import Actor
from iotsim.core.charts import Chart, ChartCell, ChartColumn
from iotsim.core.wording import size
from sims.filters import SimFilter
from sims.models import Sim
from sims.naming import find_sim
from sims.periods import period_of
from sims.usage import local_today

if TYPE_CHECKING:
    from sims.axes import Figure
    from sims.models.fleet import SimQuerySet

PAGE = "/charts/"
FILE = "/charts/chart.csv"
TOP = 10
NOW_ONLY = "This is how it stands now, so the period asked for was left aside."


@dataclass(frozen=True)
class Request:
    """A chart of some SIMs over some days, for an actor."""

    actor: Actor
    kind: Kind
    wanted: SimFilter
    sim_ref: str | None
    start: date | None
    end: date | None
    group: Group
    top: int
    currency: str | None
    look: str | None = None

    @cached_property
    def sim(self) -> Sim | None:
        """The one SIM asked for. Raises NotFound or Ambiguous."""
        return find_sim(self.actor, self.sim_ref) if self.sim_ref else None

    @cached_property
    def sims(self) -> "SimQuerySet":
        """All SIMs asked for, among those the actor may see. Raises NotFound for a name that does not exist."""
        rows = self.wanted.rows(self.actor)
        return rows.filter(pk=self.sim.pk) if self.sim else rows

    @property
    def is_whole_fleet(self) -> bool:
        return self.sim is None and self.wanted.is_empty

    @property
    def has_period(self) -> bool:
        return bool(self.start or self.end)

    @cached_property
    def today(self) -> date:
        return local_today(self.actor)

    @cached_property
    def period(self) -> tuple[date, date]:
        return period_of(self.today, self.start, self.end)

    @property
    def whole_days(self) -> tuple[date, date]:
        """The period without today, which is not over, unless today is all there is."""
        start, end = self.period
        return (start, end - timedelta(days=1)) if start < end == self.today else (start, end)

    @property
    def today_left_out(self) -> str:
        return "Today is not over and is left out." if self.whole_days != self.period else ""

    @property
    def days_in_words(self) -> str:
        """The period: "from 1 to 30 Nov 2026"."""
        start, end = self.period
        if start == end:
            return f"on {end:%-d %b %Y}"
        first = f"{start:%-d}" if (start.year, start.month) == (end.year, end.month) else f"{start:%-d %b}"
        return f"from {first if start.year == end.year else f'{start:%-d %b %Y}'} to {end:%-d %b %Y}"

    @property
    def which(self) -> str:
        """The SIMs, as a heading says it: "SIM truck-17", "SIMs of Acme", "All SIMs"."""
        words = self.wanted.words()
        if self.sim:
            return f"SIM {self.sim.short_name}"
        return f"SIMs {words}" if words else "All SIMs"

    @property
    def _filters(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self.wanted).items() if value}

    def list_of(self, **more: str) -> str:
        """The address of the list with these SIMs."""
        if self.sim:
            return f"/sims/{self.sim.iccid}/"
        query = urlencode({**self._filters, **more}, doseq=True)
        return f"/sims/?{query}" if query else "/sims/"

    def address(self, path: str) -> str:
        """The address that shows this chart again."""
        rest = {
            "sim": self.sim.iccid if self.sim else None,
            "start_date": self.start,
            "end_date": self.end,
            **self._filters,
            "group_by": self.group if self.kind == "cost_breakdown" and self.group != "customer" else None,
            "top": self.top if self.top != TOP else None,
            "currency": self.currency,
            "look": self.look,
        }
        query = {name: value for name, value in rest.items() if value is not None}
        return f"{path}?{urlencode({'chart_type': self.kind, **query}, doseq=True)}"

    def chart(
        self,
        sentence: str,
        *,
        figure: "Figure",
        columns: list[ChartColumn],
        rows: list[list[ChartCell]],
        unit: str,
        about: str,
        link: str = "",
        notes: list[str] | None = None,
        **more: Any,
    ) -> Chart:
        """The answer, with what is the same for every kind; the notes are part of the sentence."""
        told = [note for note in notes or [] if note]
        return Chart(
            sentence=" ".join([sentence, *told]),
            chart_type=self.kind,
            title=more.pop("title", KINDS[self.kind]),
            about=about,
            figure=figure,
            columns=columns,
            rows=rows,
            unit=unit,
            notes=told,
            link=link or self.list_of(),
            page=self.address(PAGE),
            csv=self.address(FILE),
            **more,
        )


def column(label: str, unit: str = "") -> ChartColumn:
    """A column of numbers when it has a unit, else of names."""
    return ChartColumn(label=label, unit=unit, numeric=bool(unit))


def name(text: str, link: str = "") -> ChartCell:
    return ChartCell(value=text, text=text, link=link)


def amount(value: int) -> ChartCell:
    """Bytes."""
    return ChartCell(value=value, text=size(value))


def count(value: int) -> ChartCell:
    return ChartCell(value=value, text=f"{value:,}")


def percent(part: float, whole: float) -> ChartCell:
    """A share, in percent with one decimal."""
    if not whole:
        return ChartCell(value=None, text="–")
    share = round(100 * float(part) / float(whole), 1)
    return ChartCell(value=share, text=f"{share:g}\u00a0%")
