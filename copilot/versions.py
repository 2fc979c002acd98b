"""The versions of a question, and what its reader thought of each answer."""

from collections.abc import Collection
from dataclasses import dataclass

from copilot.models import Feedback, Run
from iotsim.core.actor import Actor


@dataclass(frozen=True)
class Versions:
    """Number `number` of `count` versions of a question; `group` is the same for all of them."""

    number: int
    count: int
    before: int | None
    after: int | None
    group: str


def versions_of(run_ids: Collection[int]) -> dict[int, Versions]:
    """For each of these runs that has others beside it; inside the tenant's transaction."""
    asked = list(Run.objects.filter(pk__in=run_ids).values_list("pk", "thread_id", "parent_id"))
    if not asked:
        return {}
    beside: dict[tuple[int, int | None], list[int]] = {}
    rows = Run.objects.filter(thread_id__in={one[1] for one in asked}).order_by("pk")
    for run_id, thread_id, parent_id in rows.values_list("pk", "thread_id", "parent_id"):
        beside.setdefault((thread_id, parent_id), []).append(run_id)
    return {
        run_id: _versions(beside[thread_id, parent_id], run_id, parent_id)
        for run_id, thread_id, parent_id in asked
        if len(beside[thread_id, parent_id]) > 1
    }


def _versions(runs: list[int], run_id: int, parent_id: int | None) -> Versions:
    at = runs.index(run_id)
    before = runs[at - 1] if at else None
    after = runs[at + 1] if at + 1 < len(runs) else None
    return Versions(at + 1, len(runs), before, after, f"after-{parent_id or 0}")


def ratings_of(actor: Actor, run_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """The person's own verdict and comment on each answer; inside the tenant's transaction."""
    rows = Feedback.objects.filter(run_id__in=run_ids, user_id=actor.user_id or 0)
    return {run_id: (verdict, comment) for run_id, verdict, comment in rows.values_list("run_id", "verdict", "comment")}
