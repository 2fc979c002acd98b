"""The night: one look at each organisation's whole fleet, and what it found."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from pydantic import Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Denied, NotFound
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, Organization
from iotsim.core.notifications import notify
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Day, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted, size
from sims.alerts.pools import pools_of
from sims.examples import EXAMPLES
from sims.filters import OVER_QUOTA, QUOTA
from sims.models import Alert, Intake, NightlyRun, Sim, UsageDaily
from sims.schemas.alerts import NightlyPage, NightlySummary
from sims.services.limits import look_at_quotas
from sims.usage import local_today

USUAL_WEEKS: Final = 4
DAY: Final = timedelta(days=1)
Night = Annotated[Day | None, Field(description="The day that began with that night; the newest without one")]


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="nightly-runs",
    examples=(),
    title="Nightly check",
    job=True,
)
def run_nightly_check(actor: Actor, *, night: Night = None, job: RunningJob) -> NightlySummary:
    """Check all quotas and pools, repair what imports missed, and sum the night up for everybody."""
    today = night or local_today(actor)
    job.progress(done=0, total=2, note="Checking quotas")
    check = look_at_quotas(actor.organization_id)
    job.progress(done=1, total=2, note="Summing up")
    with tenant(actor.organization_id):
        summary = summarise(actor, today, job_id=job.id, stopped=check.stopped, now=timezone.now())
        keep(actor.organization_id, summary)
        tell(actor, summary)
    return summary


def keep(organization_id: int, summary: NightlySummary) -> None:
    """Write the night down. Inside the tenant's transaction."""
    values = {
        "summary": summary.model_dump(mode="json"), "finished_at": summary.finished_at, "job_id": summary.job_id,
    }  # fmt: skip
    row, _ = NightlyRun.objects.update_or_create(organization_id=organization_id, night=summary.night, defaults=values)
    touch("nightly", [row.pk])


def tell(actor: Actor, summary: NightlySummary) -> None:
    """Everybody hears of a night that found something."""
    if summary.new_alerts or summary.failed_imports or summary.stopped:
        notify(actor, user_ids=None, kind="nightly", sentence=summary.sentence, path=f"/nights/{summary.night}/")


def summarise(actor: Actor, night: date, *, job_id: int | None, stopped: int, now: datetime) -> NightlySummary:
    """What there is to say of the day before and the night. Inside the tenant's transaction."""
    zone = ZoneInfo(actor.time_zone)
    begin = datetime.combine(night - DAY, time.min, zone)
    alerts = Alert.objects.filter(organization_id=actor.organization_id)
    new = alerts.filter(created_at__gte=begin, created_at__lte=now)
    used, usual = _usage(actor, night - DAY)
    facts: dict[str, Any] = {
        "night": night,
        "state": "done",
        "new_alerts": new.count(),
        "new_critical": new.filter(severity="critical").count(),
        "open_alerts": alerts.filter(status="open").count(),
        **_quotas(actor),
        "pools_over_threshold": sum((one.percent or 0) >= one.threshold_percent for one in pools_of(actor)),
        "stopped": stopped,
        "usage_bytes": used,
        "usual_bytes": usual,
        "usage_change": (used - usual) / usual if usual else None,
        "failed_imports": Intake.objects.filter(
            organization_id=actor.organization_id, state__in=("refused", "failed"), created_at__gte=begin
        ).count(),
        "job_id": job_id,
        "finished_at": now,
    }
    summary = NightlySummary(**facts)
    return summary.model_copy(update={"sentence": _sentence(summary)})


def _quotas(actor: Actor) -> dict[str, int]:
    from django.db.models.functions import Coalesce

    percent = Coalesce("threshold_percent", "plan__threshold_percent", 80)
    near = Q(quota__gt=0, cycle_bytes__lte=F("quota"), cycle_bytes__gte=F("quota") / 100 * F("percent"))
    rows = Sim.objects.for_actor(actor).annotate(quota=QUOTA, percent=percent)
    figures: dict[str, int] = rows.aggregate(
        over_threshold=Count("pk", filter=near), over_quota=Count("pk", filter=OVER_QUOTA)
    )
    return figures


def _usage(actor: Actor, day: date) -> tuple[int, int | None]:
    """Bytes of that day, and of the same weekday in the weeks before, on average over those with usage."""
    weekdays = [day - timedelta(weeks=week) for week in range(USUAL_WEEKS + 1)]
    rows = UsageDaily.objects.filter(organization_id=actor.organization_id, day__in=weekdays)
    sums = dict(rows.values_list("day").annotate(total=Sum(F("bytes_up") + F("bytes_down"))))
    before = [int(total) for when, total in sums.items() if when != day]
    return int(sums.get(day, 0)), sum(before) // len(before) if before else None


def _sentence(one: NightlySummary) -> str:
    change = one.usage_change
    usual = ""
    if change is not None:
        way = "more" if change > 0 else "less"
        usual = ", as usual" if abs(change) < 0.005 else f", {abs(change) * 100:.0f} % {way} than on a usual day"
    parts = [
        f"{counted(one.new_alerts, 'new alert')}{f', {one.new_critical:,} critical' if one.new_critical else ''}",
        f"{size(one.usage_bytes)} used on {one.night - DAY:%d %b}{usual}",
        f"{counted(one.over_threshold, 'SIM')} over the threshold and {one.over_quota:,} over their quota",
    ]
    parts += [f"{counted(one.stopped, 'SIM')} suspended at the limit"] if one.stopped else []
    parts += [f"{counted(one.failed_imports, 'import')} failed"] if one.failed_imports else []
    return f"{'; '.join(parts)}."


def _nights(actor: Actor) -> Any:
    if actor.customer_ids is not None:
        raise Denied("Your access is limited to some customers, and the summary is of the whole fleet.")
    return NightlyRun.objects.filter(organization_id=actor.organization_id)


def _out(row: NightlyRun) -> NightlySummary:
    if row.summary is not None:
        return NightlySummary.model_validate(row.summary)
    state = Job.objects.filter(pk=row.job_id or 0).values_list("state", flat=True).first()
    over = state in ("failed", "stopped")
    words = "did not get to its end" if over else "is under way"
    return NightlySummary(
        sentence=f"The check of the night to {row.night:%d %b %Y} {words}.",
        night=row.night,
        state="failed" if over else "waiting",
        job_id=row.job_id,
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="nightly-summaries/newest",
    examples=EXAMPLES["get_nightly_summary"],
    title="Nightly summary",
)
def get_nightly_summary(actor: Actor, *, night: Night = None) -> NightlySummary:
    """What the nightly check found: new alerts, yesterday's usage against a usual day, quotas, failed imports."""
    rows = _nights(actor).order_by("-night")
    row = (rows.filter(night=night) if night else rows).first()
    if row is None:
        when = f" for {night:%d %b %Y}" if night else " yet"
        raise NotFound(f"There is no nightly summary{when}.", field="night")
    return _out(row)


@service(permission=Permission.VIEW, risk=Risk.READ, path="nightly-summaries", examples=(), title="Nightly summaries")
def list_nightly_summaries(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> NightlyPage:
    """List the nightly summaries, the newest first."""
    rows, following = newest_page(_nights(actor), cursor, limit)
    items = [_out(row) for row in rows]
    sentence = f"The newest: {items[0].sentence}" if items else "There is no nightly summary yet."
    return NightlyPage(sentence=sentence, items=items, next_cursor=following)


def last_night(actor: Actor) -> NightlySummary | None:
    """The newest summary for the dashboard of whoever sees the whole fleet, if there is one."""
    if actor.customer_ids is not None:
        return None
    items = list_nightly_summaries(actor, limit=1).items
    return items[0] if items else None


def start_nights(hour: int) -> int:
    """Ask for the check in every organisation in whose zone it is `hour` o'clock or later. Answers how many.

    Once for each organisation and night, however often it is called: the row of the night is unique. An organisation's
    first night is the one after it was made.
    """
    started = 0
    for organization in Organization.objects.order_by("pk"):
        local = timezone.now().astimezone(ZoneInfo(organization.time_zone))
        made = organization.created_at.astimezone(local.tzinfo)
        if local.hour >= hour and made.date() < local.date():
            started += _start(organization, local.date())
    return started


def _start(organization: Organization, night: date) -> bool:
    with tenant(organization.pk):
        row, new = NightlyRun.objects.get_or_create(organization_id=organization.pk, night=night)
        if new:
            job = run_nightly_check(Actor.system(organization), night=night)
            NightlyRun.objects.filter(pk=row.pk).update(job_id=job.id)
    return new
