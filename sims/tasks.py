"""Scheduled work on the fleet, one organisation after the other, each in a transaction of its own."""

from zoneinfo import ZoneInfo

from celery import shared_task

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.intake.exclusive import writing_usage


@shared_task(name="sims.roll_cycles")
def roll_cycles() -> int:
    """Begin the billing cycles that are due in each organisation's own zone. Answers how many SIMs."""
    from sims.intake.fleet import roll_cycles as roll

    rolled = 0
    for organization_id, zone in Organization.objects.values_list("pk", "time_zone"):
        with writing_usage(organization_id):
            rolled += roll(organization_id, ZoneInfo(zone))
    return rolled


@shared_task(name="sims.keep_partitions")
def keep_partitions() -> list[str]:
    """Make the partitions of usage that will be needed soon, drop those that are too old. Answers the dropped."""
    from sims.retention import keep_partitions as keep

    return keep()


@shared_task(name="sims.forget_reports")
def forget_reports() -> int:
    """Remove reports whose time is over, with their files. Answers how many."""
    from sims.reports.keeping import forget_reports as forget

    return forget()


@shared_task(name="sims.watch_silence")
def watch_silence() -> int:
    """Raise and end the alerts of SIMs that do not connect, and wake snoozed alerts. Answers how many are new."""
    from sims.alerts.watch import check_silence, wake

    fresh = 0
    for organization_id in Organization.objects.values_list("pk", flat=True):
        with tenant(organization_id):
            wake(organization_id)
            fresh += check_silence(organization_id)
    return fresh


@shared_task(name="sims.start_nights")
def start_nights(hour: int = 2) -> int:
    """The nightly check of each organisation whose own clock has come to that hour. Answers how many were started."""
    from sims.services.nightly import start_nights as start

    return start(hour)


@shared_task(name="sims.look_into_folders")
def look_into_folders() -> int:
    """Bring in what was put into the watched folders. Answers how many files were taken."""
    from sims.intake.watched import look_into

    return sum(look_into(organization) for organization in Organization.objects.order_by("pk"))
