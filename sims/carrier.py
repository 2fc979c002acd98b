"""What carries a status change out. The built-in "manual" carrier confirms at once, in the same transaction."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models.functions import Coalesce
from django.utils import timezone

from iotsim.core.actor import Actor
from sims.alerts.watch import note_status
from sims.lifecycle import Reason, Status
from sims.models import ChangeState, Sim, StatusChange


def request_changes(
    actor: Actor, sims: Sequence[Sim], wanted: Mapping[int, Status], *, reason: Reason, note: str = ""
) -> uuid.UUID:
    """Ask for a new status for each of these SIMs (`wanted` by id); returns the batch that ties them together.

    Writes requested changes and hands them to the carrier. The SIMs keep their status until it confirms.
    """
    batch, now = uuid.uuid4(), timezone.now()
    StatusChange.objects.bulk_create(
        [
            StatusChange(
                organization_id=actor.organization_id,
                sim=sim,
                from_status=sim.status,
                to_status=wanted[sim.pk].value,
                reason=reason.value,
                note=note,
                batch=batch,
                who=actor.name,
                user_id=actor.user_id,
                face=actor.face.value,
                requested_at=now,
            )
            for sim in sims
        ],
        batch_size=2_000,
    )
    confirm(batch)
    note_status(actor.organization_id, batch)
    return batch


def confirm(batch: uuid.UUID) -> None:
    """The carrier has done all of a batch: only now do the SIMs show the new status."""
    now = timezone.now()
    changes = StatusChange.objects.filter(batch=batch)
    by_outcome: dict[tuple[str, str], list[int]] = defaultdict(list)
    for sim_id, status, reason in changes.values_list("sim_id", "to_status", "reason"):
        by_outcome[status, reason].append(sim_id)
    changes.update(state=ChangeState.CONFIRMED, settled_at=now)
    for (status, reason), ids in by_outcome.items():
        rows = Sim.objects.filter(pk__in=ids)
        rows.update(status=status, status_reason=reason, status_changed_at=now)
        if status == Status.ACTIVE:
            rows.update(activated_at=Coalesce("activated_at", now))
