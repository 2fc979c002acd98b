"""Reading a conversation for the sidebar: the newest part of the branch that is shown, and more of it on request."""

from dataclasses import dataclass
from typing import Any, Final

from copilot import threads
from copilot.branches import Tree, tree_of
from copilot.conversation import Conversation
from copilot.models import CallState, RunEvent, Thread, ToolCall
from iotsim.core.actor import Actor
from iotsim.core.models import AuditEvent
from iotsim.core.tenancy import tenant

RUNS_AT_ONCE: Final = 20


@dataclass(frozen=True)
class Portion:
    """Events in order as (seq, payload), of the runs from `first` on; `earlier` runs stand before it."""

    tree: Tree
    events: list[tuple[int, dict[str, Any]]]
    first: int | None
    earlier: int

    def begin(self) -> Conversation:
        """A conversation that its events can be applied to."""
        head = self.tree.path[-1] if self.tree.path else None
        return Conversation(head=head, first=self.first, earlier=self.earlier)


def own_thread(actor: Actor, thread_id: int) -> Thread:
    """Raises NotFound, for another person's too."""
    with tenant(actor.organization_id, read_only=True):
        return threads.find_thread(actor, thread_id)


def branches_of(actor: Actor, thread_id: int) -> Tree:
    """The conversation's branches as they are now."""
    with tenant(actor.organization_id, read_only=True):
        return tree_of(threads.find_thread(actor, thread_id))


def newest_portion(
    actor: Actor, thread_id: int, *, after: int = 0, first: int | None = None, run: int | None = None
) -> Portion:
    """The events above `after` of the newest runs, but at least from the run `first` or `run` on."""
    with tenant(actor.organization_id, read_only=True):
        tree = tree_of(threads.find_thread(actor, thread_id))
        start = max(0, len(tree.path) - RUNS_AT_ONCE)
        if first in tree.path:
            start = tree.path.index(first)
        if run in tree.path:
            start = min(start, max(0, tree.path.index(run) - 1))
        return _portion(tree, thread_id, start, len(tree.path), after=after)


def portion_before(actor: Actor, thread_id: int, first: int) -> Portion:
    """The runs before the run `first`."""
    with tenant(actor.organization_id, read_only=True):
        tree = tree_of(threads.find_thread(actor, thread_id))
        end = tree.path.index(first) if first in tree.path else 0
        return _portion(tree, thread_id, max(0, end - RUNS_AT_ONCE), end)


def _portion(tree: Tree, thread_id: int, start: int, end: int, *, after: int = 0) -> Portion:
    runs = tree.path[start:end]
    rows = RunEvent.objects.filter(thread_id=thread_id, seq__gt=after)
    if start or end < len(tree.path) or not tree.is_straight:
        rows = rows.filter(run_id__in=runs)
    events = list(rows.order_by("seq").values_list("seq", "payload"))
    return Portion(tree, events, runs[0] if runs else None, start)


def newest_threads(actor: Actor, *, most: int = 30) -> list[Thread]:
    """One's own conversations for the panel: the pinned ones, then the newest."""
    with tenant(actor.organization_id, read_only=True):
        own = threads.threads_of(actor)
        pinned = list(own.filter(pinned_at__isnull=False).order_by("-pinned_at")[:most])
        return [*pinned, *own.filter(pinned_at=None).order_by("-updated_at", "-pk")[:most]]


def changes_of(actor: Actor, run_id: int) -> list[str]:
    """What an answer changed and nobody took back: it stays, whatever is answered next. Raises NotFound."""
    with tenant(actor.organization_id, read_only=True):
        run = threads.find_run(actor, run_id)
        tree = tree_of(run.thread, head_id=run.pk)
        about = tree.path[tree.path.index(tree.origin_of(run.pk)) :]
        made = ToolCall.objects.filter(run_id__in=about, state=CallState.DONE, event_id__isnull=False).order_by("pk")
        undone = AuditEvent.objects.filter(undoes__in=made.values("event_id"), outcome="done").values("undoes")
        return [one.sentence for one in made.exclude(event_id__in=undone) if one.sentence]


def run_is_shown(actor: Actor, thread_id: int, run_id: int) -> bool:
    """Whether the run is of the branch that is shown."""
    with tenant(actor.organization_id, read_only=True):
        return run_id in tree_of(threads.find_thread(actor, thread_id)).path
