"""What a report is asked to hold, with everything that is worked out from it."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from sims.filters import SimFilter
from sims.reports.words import TITLES, file_name, period_in_words
from sims.usage import local_today

DEFAULT_DAYS = 30
MAX_DAYS = 1_100


@dataclass(frozen=True)
class Asked:
    """A report in the words of the service: the period's days are the organisation's, both inside it."""

    start: date
    end: date
    format: str
    per: str
    filter: SimFilter
    title: str
    zone: ZoneInfo

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def period(self) -> str:
        return period_in_words(self.start, self.end)

    @property
    def name(self) -> str:
        return file_name(self.title, self.start, self.end, self.format)

    @property
    def format_title(self) -> str:
        return TITLES[self.format]


def ask(
    actor: Actor, start: date | None, end: date | None, *, format: str, per: str, title: str | None, wanted: SimFilter
) -> Asked:
    """Check and complete what was asked. Raises Invalid for a period that cannot be, NotFound for unknown names."""
    first, last = period(local_today(actor), start, end)
    wanted.rows(actor)  # refuses names that do not exist
    return Asked(
        start=first,
        end=last,
        format=format,
        per=per,
        filter=wanted,
        title=" ".join((title or "").split()) or _title(wanted),
        zone=ZoneInfo(actor.time_zone),
    )


def period(today: date, start: date | None, end: date | None) -> tuple[date, date]:
    """The days of the report: without an end up to today, without a start the thirty days up to the end."""
    last = min(end or today, today)
    first = start or last - timedelta(days=DEFAULT_DAYS - 1)
    if start is not None and end is not None and start > end:
        raise Invalid(f"The period begins on {start} and ends before that, on {end}.", field="start_date")
    if first > today:
        raise Invalid(
            f"The period begins on {first}, which is still to come; usage is known up to today, {today}.",
            field="start_date",
        )
    if (last - first).days >= MAX_DAYS:
        raise Invalid(
            f"The period from {first} to {last} has {(last - first).days + 1:,} days; at most {MAX_DAYS:,} "
            "fit into one report.",
            field="start_date",
        )
    return first, last


def _title(wanted: SimFilter) -> str:
    if wanted.is_empty:
        return "Usage of all SIMs"
    only = {name for name, value in vars(wanted).items() if value not in (None, [], "")}
    words = wanted.words()
    return (f"Usage {words}" if only == {"customer"} else f"Usage of SIMs: {words}")[:160]
