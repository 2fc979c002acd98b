"""Where reports' files are and how long: one place per report, so that a second attempt finds the first one's rest."""

from collections.abc import Iterable
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.models import Report

if TYPE_CHECKING:
    from django.db.models import QuerySet

KEEP_DELETED = timedelta(days=1)  # how long a deleted report can be brought back
KEEP_UNFINISHED = timedelta(days=2)  # of a report whose job ended without a file


def keep(report: Report, content: IO[bytes]) -> str:
    """Give the finished file to STORAGES; answers where it is. What an attempt cut short left there goes first."""
    place = f"{report.organization_id}/reports/{report.pk}.{report.format}"
    default_storage.delete(place)
    content.seek(0)
    return default_storage.save(place, File(content, name=report.name))


def forget_reports() -> int:
    """Remove what is past its time, or was deleted a day ago, in every organisation. Answers how many."""
    forgotten = 0
    for organization_id in Organization.objects.values_list("pk", flat=True):
        forgotten += _forget(organization_id)
    return forgotten


def _forget(organization_id: int) -> int:
    with tenant(organization_id, read_only=True):
        over = list(_over().values_list("pk", "file"))
    _remove(place for _, place in over)
    with tenant(organization_id):
        ids = [pk for pk, _ in over]
        Report.objects.filter(pk__in=ids).delete()
        if ids:
            announce(organization_id, {"report": ids})
    return len(over)


def _over() -> "QuerySet[Report]":
    now = timezone.now()
    unfinished = Q(file="", created_at__lt=now - KEEP_UNFINISHED)
    return Report.objects.filter(Q(expires_at__lt=now) | Q(deleted_at__lt=now - KEEP_DELETED) | unfinished)


def _remove(places: Iterable[str]) -> None:
    """Files first, rows after them: a row whose file is gone is found again, a file without a row never."""
    for place in places:
        if place:
            default_storage.delete(place)
