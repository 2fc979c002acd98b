"""Hears when an approval is decided or a change undone, by whatever door, and tells the conversations it came from."""

from collections.abc import Sequence

from copilot import ledger, resuming, stream
from copilot.models import Run, Thread, ToolCall
from copilot.stream import Entry
from iotsim.core.approvals import and_replaced
from iotsim.core.tenancy import tenant

APPROVALS, EVENTS = "approval", "audit_event"
CONVERSATIONS, BRANCHES, RATINGS = "conversation", "branch", "rating"  # ids of conversations, the last of runs
PEOPLE = {"member", "membership"}  # somebody may have to leave what they have open
NEWEST = 1000  # conversations that are told so; others hear it from the sockets' own look every half a minute


def hear(organization_id: int, kind: str, ids: Sequence[int]) -> None:
    """A listener of core's events: runs after commit, in the process that made the change."""
    if kind == APPROVALS and ids:
        with tenant(organization_id):
            waited = ledger.follow_approvals(ids)
            shown = and_replaced(ids)
            threads = _threads(approval_id__in={*shown, *(one.approval_id for one in waited)})
        _notify(organization_id, threads, approvals=sorted(shown))
        resuming.go_on(organization_id, {one.run_id for one in waited})
    elif kind == EVENTS and ids:
        with tenant(organization_id, read_only=True):
            threads = _threads(event_id__in=ids)
            made = ToolCall.objects.filter(event_id__in=ids, approval_id__isnull=False)
            cards = [number for number in made.values_list("approval_id", flat=True) if number]
        _notify(organization_id, threads, events=list(ids), approvals=cards)
    elif kind == CONVERSATIONS:
        _notify(organization_id, set(ids), conversation=list(ids))
    elif kind == BRANCHES:
        _notify(organization_id, set(ids), head=list(ids))
    elif kind == RATINGS and ids:
        with tenant(organization_id, read_only=True):
            threads = set(Run.objects.filter(pk__in=ids).values_list("thread_id", flat=True))
        _notify(organization_id, threads, runs=list(ids))
    elif kind in PEOPLE:
        with tenant(organization_id, read_only=True):
            newest = set(Thread.objects.order_by("-updated_at").values_list("pk", flat=True)[:NEWEST])
        _notify(organization_id, newest, people=list(ids))


def _threads(**which: object) -> set[int]:
    return set(ToolCall.objects.filter(**which).values_list("run__thread_id", flat=True))


def _notify(organization_id: int, threads: set[int], **what: list[int]) -> None:
    for thread_id in threads:
        stream.append(organization_id, thread_id, [Entry(0, 0, what)])
