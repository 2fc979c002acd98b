"""UsageHourly: the same usage by hours of UTC, as far back as hours are kept."""

from datetime import UTC, datetime, time, timedelta

from sims.intake.days import HOUR_MICROS, Ints, Used, sum_by_hour
from sims.intake.partitions import ensure_hour_partitions
from sims.intake.rollup import HOURLY
from sims.retention import HOURS, kept_from


def add_to_hours(organization_id: int, used: Used) -> None:
    """Add new records to their hours; what is older than hours are kept is left out."""
    HOURLY.add(organization_id, sum_by_hour(_kept(used)))


def replace_hours(organization_id: int, used: Used, sim_id: Ints, hour: Ints) -> None:
    """Put what the records say in place of what these SIMs had in these hours (hours since 1970)."""
    kept = hour >= _first_hour()
    sim_id, hour = sim_id[kept], hour[kept]
    if len(hour):
        HOURLY.replace(organization_id, sum_by_hour(_kept(used)), sim_id, hour)


def prepare_hours(first_micros: int, last_micros: int) -> None:
    """Make the partitions for the hours from one time to the other. Not within a long transaction."""
    first = max(first_micros, _first_hour() * HOUR_MICROS)
    if first <= last_micros:
        begin, end = (datetime.fromtimestamp(micros / 1e6, UTC).date() for micros in (first, last_micros))
        ensure_hour_partitions(begin, end)


def _kept(used: Used) -> Used:
    """Hours are kept by whole days, so a record that reaches over the first is cut there."""
    first = _first_hour() * HOUR_MICROS
    return used if int(used.started_at.min(initial=first)) >= first else used.since(first)


def _first_hour() -> int:
    """The first hour that is kept, in hours since 1970."""
    day = kept_from(HOURS, datetime.now(UTC).date())
    if day is None:
        return 0
    return int((datetime.combine(day, time(), UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(hours=1))
