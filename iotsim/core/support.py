"""Support's own capabilities: beginning to act as a member, and ending it. Both stand in the audit log."""

from datetime import datetime
from typing import Annotated

import structlog
from django.utils import timezone
from pydantic import Field

from iotsim.core import impersonation
from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict
from iotsim.core.models import Impersonation
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer

log = structlog.get_logger(__name__)


class ImpersonationOut(Answer):
    """A support session."""

    id: int
    staff: str
    user: str
    reason: str
    ends_at: datetime

    @classmethod
    def of(cls, row: Impersonation, sentence: str) -> "ImpersonationOut":
        names = {"staff": row.staff.email, "user": row.user.email, "reason": row.reason}
        return cls(sentence=sentence, id=row.pk, ends_at=row.ends_at, **names)


@service(
    permission=Permission.OWN,
    risk=Risk.WRITE,
    path="support-sessions",
    examples=(),
    title="Act as a member",
    people_only=True,
)
def start_impersonation(
    actor: Actor,
    *,
    user: Annotated[str, Field(min_length=3, max_length=254, description="E-mail of the member to act as")],
    reason: Annotated[str, Field(min_length=5, max_length=300, description="Why; it stands in their audit log")],
) -> ImpersonationOut:
    """Let one of the platform's staff act as a member for an hour; both names stand at all they do."""
    row = impersonation.begin(actor, user, reason)
    until = timezone.localtime(row.ends_at).strftime("%H:%M")
    return ImpersonationOut.of(row, f"{row.staff.email} (support) acts as {row.user.email} until {until}: {reason}")


@service(
    permission=Permission.OWN,
    risk=Risk.WRITE,
    path="support-sessions/{impersonation_id}/end",
    examples=(),
    title="Stop acting as a member",
    people_only=True,
)
def end_impersonation(
    actor: Actor, *, impersonation_id: Annotated[int, Field(description="Number of the support session")]
) -> ImpersonationOut:
    """End a support session at once."""
    row = impersonation.finish(actor, impersonation_id)
    why = "time was up" if row.ends_at <= timezone.now() else "ended by hand"
    return ImpersonationOut.of(row, f"{row.staff.email} (support) no longer acts as {row.user.email}: {why}.")


def end_by_hand(row: Impersonation, *, request_id: str = "") -> None:
    """The staff person presses End or signs out. One that ended meanwhile is left as it is."""
    actor = Actor.for_staff(row.staff, row.organization, request_id=request_id)
    if not row.staff.is_superuser:  # beginning was their right, so ending is
        actor = Actor.system(row.organization)
    try:
        end_impersonation(actor, impersonation_id=row.pk)
    except Conflict as error:
        log.info("impersonation_over_already", impersonation=row.pk, reason=error.sentence)


def end_impersonations() -> int:
    """End those whose time is up, each with its line in the audit log. Returns how many."""
    over = Impersonation.objects.filter(ended_at=None, ends_at__lte=timezone.now())
    rows = list(over.select_related("organization"))
    for row in rows:
        end_impersonation(Actor.system(row.organization), impersonation_id=row.pk)
    return len(rows)
