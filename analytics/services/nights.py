"""The night of analytics: the days of the whole fleet are read once, and everything nightly is worked out of them."""

from importlib import import_module
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from analytics.schemas.nights import AnalyticsNight
from iotsim.core.actor import Actor
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, Organization
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.tenancy import tenant

# In this order: forecasts learn nothing from anomalies, savings read the forecasts, customer health reads all of
# them, suggestions are made of what all have found.
STEPS: Final = (
    ("Anomalies", "anomalies"),
    ("Forecasts", "forecasts"),
    ("Savings", "savings"),
    ("Customer health", "health"),
    ("Suggestions", "suggestions"),
)
NAME: Final = "run_analytics_night"


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="analytics-nights",
    examples=(),
    title="Analytics night",
    job=True,
)
def run_analytics_night(actor: Actor, *, job: RunningJob) -> AnalyticsNight:
    """Work out forecasts, anomalies, savings and customer health of the whole fleet anew."""
    from analytics.nightly.history import read_history

    job.progress(done=0, total=len(STEPS), note="Reading usage")
    history = read_history(actor.organization_id)
    said = []
    for done, (title, module) in enumerate(STEPS):
        job.progress(done=done, total=len(STEPS), note=title)
        said.append(import_module(f"analytics.nightly.{module}").run(actor, history, job))
    found = [one for one in said if one]
    sentence = " ".join(found) or "There is no usage yet to work anything out of."
    return AnalyticsNight(sentence=sentence, sims=int(history.sim_ids.size), days=history.days, as_of=history.as_of)


def start_nights(hour: int) -> int:
    """Ask for the night in every organisation in whose zone it is `hour` o'clock or later. Answers how many.

    Once a local day for each, however often it is called.
    """
    return sum(_is_due(one, hour) and _start(one) for one in Organization.objects.order_by("pk"))


def _is_due(organization: Organization, hour: int) -> bool:
    local = timezone.now().astimezone(ZoneInfo(organization.time_zone))
    if local.hour < hour:
        return False
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    with tenant(organization.pk, read_only=True):
        asked = Job.objects.filter(organization_id=organization.pk, service=NAME, created_at__gte=today)
        return not asked.exists()


def _start(organization: Organization) -> bool:
    with tenant(organization.pk):
        run_analytics_night(Actor.system(organization))
    return True
