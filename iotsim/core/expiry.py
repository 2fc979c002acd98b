"""Requests that nobody decides: a reminder before their time is over, and a word to whoever asked when it is."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from iotsim.core.approvals import path_of, what
from iotsim.core.effects import announce
from iotsim.core.models import Approval, ApprovalState
from iotsim.core.notifications import notify, who_may
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

REMIND: Final = timedelta(hours=24)
AT_ONCE: Final = 1000


def expire(organization_id: int) -> int:
    """End what was not decided in time, inside the tenant's transaction. Answers how many."""
    late = Approval.objects.filter(state=ApprovalState.PENDING, expires_at__lte=timezone.now())
    rows = list(late.select_for_update(skip_locked=True).order_by("pk")[:AT_ONCE])
    for row in rows:
        row.state = ApprovalState.EXPIRED.value
        row.save(update_fields=["state"])
        if row.requester_user_id:
            notify(
                organization_id,
                user_ids=[row.requester_user_id],
                kind="approval",
                sentence=f"Nobody decided in time, so nothing was changed: {what(row)}. Ask again if need be.",
                path=path_of(row),
                object_id=row.pk,
            )
    announce(organization_id, {"approval": [row.pk for row in rows]} if rows else {})
    return len(rows)


def remind(organization_id: int) -> int:
    """Remind those who may decide once, when little time is left. Answers of how many requests."""
    now = timezone.now()
    near = now + min(REMIND, timedelta(hours=settings.APPROVAL_HOURS) / 4)
    soon = Approval.objects.filter(
        state=ApprovalState.PENDING, reminded_at=None, expires_at__gt=now, expires_at__lte=near
    )
    rows = list(soon.select_for_update(skip_locked=True).order_by("pk")[:AT_ONCE])
    people = who_may(organization_id, Permission.MONEY) if rows else []
    for row in rows:
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        hours = max(1, round((row.expires_at - now).total_seconds() / 3600))
        notify(
            organization_id,
            user_ids=people,
            kind="approval",
            sentence=f"Still waits for your decision, for {counted(hours, 'hour')} more: {what(row)}.",
            path=path_of(row),
            object_id=row.pk,
        )
    return len(rows)
