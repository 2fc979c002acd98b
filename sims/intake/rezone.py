"""Another time zone: the organisation's days are built anew from its records, some SIMs at a time.

Days whose records are not all there any more stay as they were; the first rebuilt day takes over exactly where the
last of them ends, so that no byte is lost or counted twice.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from iotsim.core.effects import announce
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, JobState
from sims import bulk
from sims.intake.daily import records_of
from sims.intake.days import EPOCH, Used, midnight, sum_by_day
from sims.intake.exclusive import writing_usage, zone_of
from sims.intake.fleet import roll_cycles
from sims.intake.partitions import ensure_partitions
from sims.intake.rollup import DAYS
from sims.models import FleetDaily, Sim
from sims.retention import records_whole_from

BATCH = 1_000  # SIMs in one transaction
_ALWAYS = date(1970, 1, 1)


@dataclass(frozen=True)
class Rebuild:
    """From `first_day` on (in the new zone) days are made of what was used from `since` on; None: there is nothing.

    `days` is how many that are up to today, `kept_days` how many with usage stay as they were.
    """

    first_day: date | None
    since: datetime | None
    days: int
    kept_days: int


def plan_rebuild(organization_id: int, before: ZoneInfo, after: ZoneInfo) -> Rebuild:
    """What a change from one zone to the other rebuilds. Inside the tenant's transaction."""
    oldest = _oldest_record(organization_id)
    days = FleetDaily.objects.filter(organization_id=organization_id)
    if oldest is None:
        return Rebuild(None, None, 0, days.count())
    first_day, today = oldest.astimezone(before).date(), datetime.now(after).date()
    whole_from = records_whole_from()
    if whole_from == _ALWAYS and not days.filter(day__lt=first_day).exists():
        first = min(first_day, oldest.astimezone(after).date())
        return Rebuild(first, None, (today - first).days + 1, 0)
    first = max(first_day, whole_from) + timedelta(days=1)
    since = datetime.fromtimestamp(midnight(first, before) / 1e6, UTC)
    seam = _last_seam(organization_id)
    if seam and first <= seam[0]:
        first, since = seam
    return Rebuild(first, since, max(0, (today - first).days + 1), days.filter(day__lt=first).count())


def _last_seam(organization_id: int) -> tuple[date, datetime] | None:
    """Where the change before this one took over from the days that stayed: they still end there."""
    rebuilds = Job.objects.filter(organization_id=organization_id, service="rebuild_days", state=JobState.DONE)
    last = rebuilds.order_by("-pk").values_list("checkpoint", flat=True).first()
    if not last or not last.get("since"):
        return None
    return date.fromisoformat(last["first_day"]), datetime.fromisoformat(last["since"])


def _oldest_record(organization_id: int) -> datetime | None:
    """When the oldest record of a SIM began: partition by partition, so only one of them is read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT started_at FROM sims_usagerecord WHERE organization_id = %s AND sim_id IS NOT NULL "
            "ORDER BY started_at LIMIT 1",
            [organization_id],
        )
        row = cursor.fetchone()
    return row[0] if row else None


@dataclass(frozen=True)
class Rebuilt:
    """What a job has done: so many SIMs, from that day on (None: there were no records), in that zone."""

    sims: int
    first_day: date | None
    zone: ZoneInfo


def rebuild(job: RunningJob, before: ZoneInfo, state: dict[str, Any]) -> Rebuilt:
    """Rebuild the days of all SIMs, from the checkpoint on, or from `state` of an earlier job. Raises Stopped."""
    organization_id = job.organization_id
    with writing_usage(organization_id):
        zone = zone_of(organization_id)
        progress = dict(job.state or state or _beginning(organization_id, before, zone))
        job.checkpoint(progress, done=progress["done"], total=progress["total"])
    first_day = date.fromisoformat(progress["first_day"]) if progress["first_day"] else None
    if first_day is not None:
        ensure_partitions(first_day - timedelta(days=1), datetime.now(UTC).date() + timedelta(days=1))
        while sims := _next_sims(job, progress, first_day):
            progress |= {"after": sims[-1], "done": progress["done"] + len(sims)}
            job.progress(done=progress["done"], total=progress["total"], note="Rebuilding days")
    return Rebuilt(progress["done"], first_day, zone)


def _beginning(organization_id: int, before: ZoneInfo, after: ZoneInfo) -> dict[str, Any]:
    plan = plan_rebuild(organization_id, before, after)
    return {
        "first_day": plan.first_day.isoformat() if plan.first_day else None,
        "since": plan.since.isoformat() if plan.since else None,
        "after": 0,
        "done": 0,
        "total": Sim.objects.filter(organization_id=organization_id).count(),
    }


def _next_sims(job: RunningJob, progress: dict[str, Any], first_day: date) -> list[int]:
    """Rebuild the next SIMs, together with the note of it; answers them."""
    organization_id = job.organization_id
    with writing_usage(organization_id):
        rows = Sim.objects.filter(organization_id=organization_id, pk__gt=progress["after"]).order_by("pk")
        sims = list(rows.values_list("pk", flat=True)[:BATCH])
        if sims:
            since = datetime.fromisoformat(progress["since"]) if progress["since"] else None
            _rebuild_sims(organization_id, zone_of(organization_id), sims, first_day, since)
            done = progress["done"] + len(sims)
            job.checkpoint({**progress, "after": sims[-1], "done": done}, done=done, total=progress["total"])
            announce(organization_id, {"sim": sims, "usage": sims})
    return sims


def _rebuild_sims(
    organization_id: int, zone: ZoneInfo, sims: list[int], first_day: date, since: datetime | None
) -> None:
    first = (first_day - EPOCH).days
    begin = midnight(first_day, zone)
    low = begin if since is None else int(since.timestamp()) * 1_000_000
    used = _records(organization_id, sims, min(low, begin))
    if since is not None:
        used = used.since(low)
    sums = sum_by_day(used, zone).not_before(first)
    gone = DAYS.clear_from(organization_id, sims, first_day)
    DAYS.exchange(organization_id, gone, sums)
    roll_cycles(organization_id, zone, anew=sims)


def _records(organization_id: int, sims: list[int], low: int) -> Used:
    ids = np.array(sims, np.int64)
    never = int(datetime.now(UTC).timestamp() + 365 * 86_400) * 1_000_000
    columns: dict[str, bulk.Column] = {
        "sim_id": bulk.bigint(ids),
        "low": bulk.timestamptz(bulk.same(low, len(ids))),
        "high": bulk.timestamptz(bulk.same(never, len(ids))),
    }
    with bulk.staging("sims_touched", "sim_id bigint, low timestamptz, high timestamptz") as table:
        bulk.copy_in(table, columns)
        return records_of(organization_id, table)
