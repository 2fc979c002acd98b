"""The bell: what the product has told one person."""

from typing import Annotated, Any

from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.examples import EXAMPLES
from iotsim.core.models import Notification
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.said import word_slot
from iotsim.core.schemas import NotificationChange, NotificationOut, NotificationPage
from iotsim.core.wording import counted


def _as_list(value: Any) -> Any:
    """A form sends one number as itself."""
    return value if value is None or isinstance(value, list) else [value]


MANY = 1_000  # unread ones are counted up to here

Numbers = Annotated[
    Annotated[list[int], BeforeValidator(_as_list), Field(max_length=MANY)] | None,
    Field(description="Their numbers; all without them"),
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="notifications",
    examples=EXAMPLES["list_notifications"],
    title="Notifications",
)
def list_notifications(
    actor: Actor,
    *,
    unread: Annotated[
        bool,
        Field(description="Only those not read yet"),
        word_slot("unread", {True: r"unread|(?:not|never)\s+(?:yet\s+)?(?:been\s+)?(?:read|seen)|not\s+looked\s+at"}),
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> NotificationPage:
    """List what one was told: alerts, requests that wait, finished jobs; newest first, with how many are unread."""
    mine = Notification.objects.filter(user_id=actor.user_id or 0)
    count = mine.filter(read_at=None)[:MANY].count()
    rows, following = newest_page(mine.filter(read_at=None) if unread else mine, cursor, limit)
    return NotificationPage(
        sentence=f"{counted(count, 'unread notification')}." if rows else "There are no notifications.",
        items=[NotificationOut.of(row) for row in rows],
        unread=count,
        next_cursor=following,
    )


def _undo(actor: Actor, arguments: BaseModel, result: NotificationChange) -> Undo | None:
    if not result.ids:
        return None
    return Undo("mark_notifications_read", {"notifications": result.ids, "unread": not result.unread})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="notifications/read",
    examples=EXAMPLES["mark_notifications_read"],
    title="Mark notifications as read",
    undo=_undo,
)
def mark_notifications_read(
    actor: Actor,
    *,
    notifications: Numbers = None,
    unread: Annotated[bool, Field(description="Mark them as unread instead")] = False,
) -> NotificationChange:
    """Mark one's own notifications as read: those named, or all."""
    rows = Notification.objects.filter(user_id=actor.user_id or 0, read_at__isnull=not unread)
    if notifications is not None:
        rows = rows.filter(pk__in=notifications)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:MANY])
    Notification.objects.filter(pk__in=ids).update(read_at=None if unread else timezone.now())
    touch("notification", ids)
    state = "unread" if unread else "read"
    sentence = (
        f"{counted(len(ids), 'notification')} marked as {state}." if ids else f"Nothing was to be marked as {state}."
    )
    return NotificationChange(sentence=sentence, ids=ids, unread=unread)
