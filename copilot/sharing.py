"""Who may read whose conversation: one's own always, a colleague's when it is shared and holds nothing beyond one.

Nobody who is limited to some customers reads a shared conversation: it was answered for somebody else, and nothing in
it says which customer a sentence is about. And what a role may not look up itself it does not read in a colleague's
conversation either.
"""

from collections.abc import Collection

from django.db.models import QuerySet

from copilot.conversation import Conversation, Item, approvals_of
from copilot.models import RunEvent, Thread
from copilot.render import Facts
from copilot.threads import threads_of
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, NotFound
from iotsim.core.models import Membership, User
from iotsim.core.roles import Permission

FLEET = frozenset({Permission.VIEW, Permission.OPERATE, Permission.MONEY})  # whose results any member may look up


def shared_with(actor: Actor) -> "QuerySet[Thread]":
    """What colleagues share; inside the tenant's transaction."""
    if actor.user_id is None or actor.customer_ids is not None or not actor.may(Permission.VIEW):
        return Thread.objects.none()
    members = Membership.objects.filter(organization_id=actor.organization_id).values("user_id")
    rows = Thread.objects.filter(shared_at__isnull=False, user_id__in=members)
    return rows.exclude(user_id=actor.user_id)


def find_readable(actor: Actor, thread_id: int) -> Thread:
    """One's own conversation, or one that is shared. Raises NotFound, or Denied for what the role may not see."""
    own = threads_of(actor).filter(pk=thread_id).first()
    if own is not None:
        return own
    thread = shared_with(actor).filter(pk=thread_id).first()
    if thread is None:
        raise NotFound(f"There is no conversation {thread_id} of yours, and none that is shared.", field="thread")
    if missing := beyond(actor, [thread.pk]):
        raise Denied(f"This conversation shows what your role ({actor.role}) may not see: {missing[thread.pk]}.")
    return thread


def beyond(actor: Actor, thread_ids: Collection[int]) -> dict[int, str]:
    """Those of the conversations that used what the reader may not use, each with the title of one such service.

    Every branch counts: a reader may turn to any.
    """
    names = RunEvent.objects.filter(thread_id__in=thread_ids, payload__type="TOOL_CALL_START")
    found: dict[int, str] = {}
    for thread_id, name in names.values_list("thread_id", "payload__toolCallName").distinct():
        service = next((one for one in registry.all_services() if one.name == name), None)
        if service is not None and service.permission not in FLEET and not actor.may(service.permission):
            found[thread_id] = service.title
    return found


def owners_of(threads: Collection[Thread]) -> dict[int, str]:
    """Who shares them, by the number of the conversation."""
    names = dict(User.objects.filter(pk__in={one.user_id for one in threads}).values_list("pk", "email"))
    return {one.pk: names.get(one.user_id, "") for one in threads}


def as_read_by_another(conversation: Conversation, facts: Facts) -> list[Item]:
    """The log without what only its owner can do, and without the facts of requests that the reader may not see."""
    return [_for_reader(item, facts) for item in conversation.items.values()]


def _for_reader(item: Item, facts: Facts) -> Item:
    if item.kind == "card" and not approvals_of(item) <= set(facts.approvals):
        words = "A request for approval stands here. Only who may decide it sees what it would change."
        return Item(item.id, "note", item.run, {"text": words}, item.first, item.seq)
    kept = {name: value for name, value in item.data.items() if name not in ("undo_event", "may")}
    return Item(item.id, item.kind, item.run, kept, item.first, item.seq)
