"""Suggestions follow what changes: those of a few SIMs at once, everything else soon, by a worker."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import redis
import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from analytics.models import SimForecast, Suggestion
from analytics.suggesting.keeping import FINDERS, refresh, refresh_sims
from analytics.suggesting.quotas import AHEAD, LIKELY
from iotsim.core.jobs import send_task
from iotsim.core.valkey import client, key_of

log = structlog.get_logger(__name__)

TASK: Final = "analytics.refresh_suggestions"
KINDS: Final = tuple(FINDERS)
FEW: Final = 20  # SIMs that are looked at in the transaction that changed them
WAITING_SECONDS: Final = 60  # a worker that takes longer is asked again

# What a change of some kind of object may change among the suggestions.
CHANGES: Final[Mapping[str, str]] = {"anomaly": "anomaly", "saving": "savings", "intake": "intake", "sim": "quota"}


def follow_sims(organization_id: int, sim_ids: Sequence[int]) -> None:
    """Called in the transaction that changed the usage, cycle, plan or quota of these SIMs."""
    if len(sim_ids) > FEW:
        transaction.on_commit(partial(later, organization_id, "quota"))
    elif _concerns(organization_id, sim_ids):
        refresh_sims(organization_id, sim_ids)


def _concerns(organization_id: int, sim_ids: Sequence[int]) -> bool:
    """Whether one of them runs out soon, or was said to."""
    mine = {"organization_id": organization_id, "sim_id__in": list(sim_ids)}
    until = timezone.now().date() + AHEAD + timedelta(days=1)
    soon = Q(exhausts_probability__gte=LIKELY, exhausts_on__lte=until)
    return Suggestion.objects.filter(**mine).exists() or SimForecast.objects.filter(soon, **mine).exists()


def hear(organization_id: int, kind: str, ids: Sequence[int]) -> None:
    """A listener of core's events: runs after commit, in the process that made the change."""
    if kind in CHANGES:
        later(organization_id, CHANGES[kind])


def later(organization_id: int, kind: str) -> None:
    """Ask a worker, once for all changes until it begins. A Valkey that is away is never an error of the caller."""
    try:
        first = client().set(_asked(organization_id, kind), 1, nx=True, ex=WAITING_SECONDS)
    except redis.RedisError as error:
        log.warning("suggestions_not_asked_for", kind=kind, error=str(error))
        return
    if first:
        send_task(TASK, organization_id, KINDS.index(kind))


def take(organization_id: int, number: int) -> int:
    """What the worker does. What changes from here on asks for a further look."""
    kind = KINDS[number]
    client().delete(_asked(organization_id, kind))
    return refresh(organization_id, [kind])


def _asked(organization_id: int, kind: str) -> str:
    return key_of("suggestions", organization_id, kind)
