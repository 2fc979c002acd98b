"""One writer of usage at a time in an organisation, so that sums are never worked out on half of another's work."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.db import connection

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant


@contextmanager
def writing_usage(organization_id: int) -> Iterator[None]:
    """The tenant's transaction, entered once nobody else writes its usage."""
    with tenant(organization_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('usage of ' || %s, 0))", [organization_id])
        yield


def zone_of(organization_id: int) -> ZoneInfo:
    """The zone of the organisation's days. Inside `writing_usage` it cannot change until the transaction ends."""
    return ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))
