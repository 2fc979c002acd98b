"""The chart of one anomaly: the weeks before it and what came after, of its SIM or of its cohort."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from analytics.charts.anomalies import draw_cohort, draw_sim
from analytics.charts.request import Request
from analytics.models import Anomaly
from iotsim.core.actor import Actor
from iotsim.core.charts import Chart
from iotsim.core.errors import NotFound
from sims.filters import SimFilter
from sims.models import Sim
from sims.usage import days_of, local_today

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

BEFORE: Final = timedelta(weeks=6)
AFTER: Final = timedelta(weeks=1)


def draw_anomaly(actor: Actor, row: Anomaly) -> Chart:
    """Raises NotFound when its SIM is gone."""
    today = local_today(actor)
    start, end = row.first_day - BEFORE, min(row.last_day + AFTER, today)
    if row.cohort:
        return _of_cohort(actor, row, start, end)
    sim = Sim.objects.for_actor(actor).select_related("plan").filter(pk=row.sim_id or 0).first()
    if sim is None:
        raise NotFound(f"The SIM of anomaly {row.pk} is gone, so there is nothing to draw.", field="anomaly")
    return draw_sim(_request(actor, sim.iccid, start, end), sim)


def _request(actor: Actor, sim: str | None, start: date, end: date) -> Request:
    return Request(actor, "anomaly_timeline", SimFilter(), sim, start, end, "customer", 10, None)


def _of_cohort(actor: Actor, row: Anomaly, start: date, end: date) -> Chart:
    days = days_of(actor, sims_of_cohort(actor, row.cohort), start, end)
    return draw_cohort(_request(actor, None, start, end), row, days)


def sims_of_cohort(actor: Actor, cohort: str) -> "SimQuerySet":
    """The SIMs that the name of a cohort means (see analytics.nightly.signals)."""
    rows = Sim.objects.for_actor(actor)
    for words, field in (("Devices of kind ", "device__kind"), ("SIMs on plan ", "plan__name")):
        if cohort.startswith(words):
            return rows.filter(**{field: cohort.removeprefix(words)})
    return rows.filter(imei__startswith=cohort.removeprefix("Devices of type "))
