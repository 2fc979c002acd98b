"""Which run is taken by which runner, and for how long. Ids and leases only, over all organisations."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from copilot.models import QueuedRun

LEASE: Final = timedelta(seconds=20)


_taker: ContextVar[str] = ContextVar("copilot_taker", default="")


@contextmanager
def taken_by(worker: str) -> Iterator[None]:
    """What is put in the queue meanwhile, in this context, is held by this one: no other runner takes it."""
    token = _taker.set(worker)
    try:
        yield
    finally:
        _taker.reset(token)


@dataclass(frozen=True)
class Claim:
    """A run that is ours now. `interrupted`: another runner held it and its lease ran out."""

    organization_id: int
    run_id: int
    interrupted: bool


def enqueue(organization_id: int, run_id: int, *, worker: str = "") -> None:
    """Put a run in the queue, in the open transaction; with `worker` it is held by that one from the start."""
    worker = worker or _taker.get()
    QueuedRun.objects.create(
        organization_id=organization_id,
        run_id=run_id,
        worker=worker,
        lease_until=timezone.now() + LEASE if worker else None,
    )


def claim(worker: str, *, most: int) -> list[Claim]:
    """Take up to `most` runs that wait or whose runner has died; the oldest first, none that another is taking."""
    now = timezone.now()
    with transaction.atomic():
        free = QueuedRun.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now)).order_by("pk")
        rows = list(free.select_for_update(skip_locked=True)[:most])
        QueuedRun.objects.filter(pk__in=[row.pk for row in rows]).update(worker=worker, lease_until=now + LEASE)
    return [Claim(row.organization_id, row.run_id, bool(row.worker)) for row in rows]


def keep(worker: str, run_ids: Collection[int]) -> set[int]:
    """Prolong this runner's leases on the runs that it carries out. Returns those that it still holds."""
    held = QueuedRun.objects.filter(worker=worker, run_id__in=run_ids)
    held.update(lease_until=timezone.now() + LEASE)
    return set(held.values_list("run_id", flat=True))


def take(worker: str, run_id: int) -> bool:
    """Whether the run is ours, from now on at the latest; nobody else takes it before this transaction is over."""
    free = QueuedRun.objects.filter(run_id=run_id, worker__in=["", worker])
    return free.update(worker=worker, lease_until=timezone.now() + LEASE) > 0


def holds(worker: str, run_id: int) -> bool:
    """Whether the run is still ours, under a lock: nobody takes it before this transaction is over."""
    rows = QueuedRun.objects.select_for_update().filter(run_id=run_id, worker=worker)
    return rows.first() is not None


def take_back(run_id: int) -> bool:
    """Take a run out that nobody has claimed yet; False when somebody has."""
    return QueuedRun.objects.filter(run_id=run_id, worker="").delete()[0] > 0


def release(worker: str, run_id: int) -> None:
    QueuedRun.objects.filter(run_id=run_id, worker=worker).delete()
