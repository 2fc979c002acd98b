"""When a customer has left: the one meaning of churn.

A customer left on the day that somebody noted (`Customer.left_on`). Without a note it left on the day the last of its
SIMs was deactivated or retired, once none of them is active, suspended or on its way to be; a suspended SIM is only
stopped. Who takes SIMs into use again has not left. A customer without SIMs never came, or its SIMs went to another:
nothing is said of it.
"""

from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q

from sims.lifecycle import Status
from sims.models import Customer, Sim

LASTING = (Status.ACTIVE, Status.SUSPENDED, Status.TEST_READY)
ENDED = (Status.INACTIVE, Status.RETIRED)


def left_on(organization_id: int, zone: ZoneInfo) -> dict[int, date]:
    """The day each customer that has left did so, by its id. Inside the tenant's transaction."""
    rows = Sim.objects.filter(organization_id=organization_id, customer__isnull=False).order_by().values("customer_id")
    figures = rows.annotate(
        lasting=Count("pk", filter=Q(status__in=LASTING)),
        ended_at=Max("status_changed_at", filter=Q(status__in=ENDED)),
    ).filter(lasting=0, ended_at__isnull=False)
    found = {one["customer_id"]: one["ended_at"].astimezone(zone).date() for one in figures}
    noted = Customer.objects.filter(organization_id=organization_id, left_on__isnull=False)
    return found | dict(noted.values_list("pk", "left_on"))
