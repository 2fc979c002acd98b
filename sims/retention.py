"""How long usage is kept, and the partitions that follow from it: made ahead, taken off and dropped when too old.

Three settings, in days, 0 for ever: RECORDS_KEPT_DAYS, HOURS_KEPT_DAYS, DAYS_KEPT_DAYS. A row that began before the
records that are kept is refused by the intake. Partitions go a while later (see `MARGIN`), so that every day which a
row may still touch can be rebuilt from all of its records; what was dropped is noted in `sims_usagedropped`.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction

from sims.intake.partitions import ensure_hour_partitions, ensure_partitions, forget_partitions

log = structlog.get_logger(__name__)

RECORDS, HOURS, DAYS = "records", "hours", "days"
KINDS: Final = (RECORDS, HOURS, DAYS)
OLDEST: Final = timedelta(days=5 * 366)  # what is older is a mistake of its writer
LONGEST: Final = timedelta(days=31)  # no record covers more
# Records reach back by a month, and so does what is rebuilt when one of them changes.
MARGIN: Final = {RECORDS: 2 * LONGEST, HOURS: timedelta(days=1), DAYS: timedelta(days=1)}
AHEAD: Final = timedelta(days=62)  # the months and quarters that begin within this time are there already


def kept_days(kind: str) -> int:
    """The setting; 0 is for ever."""
    return int(getattr(settings, f"{kind.upper()}_KEPT_DAYS"))


def kept_from(kind: str, today: date) -> date | None:
    """The first day that is kept, None for ever."""
    days = kept_days(kind)
    return today - timedelta(days=days) if days else None


def oldest_taken(now: datetime) -> datetime:
    """Before that, rows of a usage file are refused: they are older than what is kept, or than five years."""
    kept = kept_from(RECORDS, now.date())
    oldest = now - OLDEST
    return max(oldest, datetime.combine(kept, time(), UTC)) if kept else oldest


def records_whole_from() -> date:
    """The first day of which all records are still there, whatever the settings are by now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT dropped_before FROM sims_usagedropped WHERE kind = %s", [RECORDS])
        row = cursor.fetchone()
    return row[0] + LONGEST if row else date(1970, 1, 1)


def keep_partitions(today: date | None = None) -> list[str]:
    """Make what will be needed soon and drop what is too old. Answers the names of the dropped."""
    day = today or datetime.now(UTC).date()
    forget_partitions()
    ensure_partitions(day, day + AHEAD)
    ensure_hour_partitions(day, day + AHEAD)
    detached = [name for kind in KINDS for name in _detach(kind, day)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT sims_drop_detached()")
    if detached:
        log.info("usage_partitions_dropped", names=detached)
    return detached


def _detach(kind: str, today: date) -> list[str]:
    """Take the partitions off that hold nothing to be kept. A table that is busy is left for the next time."""
    first = kept_from(kind, today)
    if first is None:
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT sims_detach_partitions(%s, %s)", [kind, first - MARGIN[kind]])
            return [name for (name,) in cursor.fetchall()]
    except OperationalError as busy:  # it waits for the table no longer than three seconds
        log.warning("usage_partitions_busy", kind=kind, error=str(busy))
        return []
