"""Scheduled work on the fleet, one organisation after the other, each in a transaction of its own."""

from zoneinfo import ZoneInfo

from celery import shared_task

from iotsim.core.models import Organization
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


@shared_task(name="sims.look_into_folders")
def look_into_folders() -> int:
    """Bring in what was put into the watched folders. Answers how many files were taken."""
    from sims.intake.watched import look_into

    return sum(look_into(organization) for organization in Organization.objects.order_by("pk"))
