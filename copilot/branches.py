"""Branches of a conversation: the runs that lead to the one that is shown, and the versions that stand beside them.

A run knows the run before it (`parent_id`), the conversation the newest run of the branch that is shown (`head_id`).
Only one run of a conversation is active at a time, so each run has a span of event numbers for itself.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from copilot.models import Run, Thread
from iotsim.core.errors import NotFound


@dataclass(frozen=True)
class Twig:
    """A run as the tree knows it. `asks` is False for one that goes on after a decision, without a question."""

    id: int
    parent_id: int | None
    first_seq: int
    asks: bool = True


@dataclass
class Tree:
    """All runs of a conversation, oldest first. `last_seq` is where its events ended when no run was active."""

    twigs: Sequence[Twig]
    head_id: int | None
    last_seq: int
    path: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._by_id = {one.id: one for one in self.twigs}
        self._starts = [one.first_seq for one in self.twigs]
        self.path = self.path_to(self.head_id or (self.twigs[-1].id if self.twigs else None))
        self._on_path = set(self.path)

    def __contains__(self, run_id: int) -> bool:
        return run_id in self._by_id

    def __getitem__(self, run_id: int) -> Twig:
        return self._by_id[run_id]

    def path_to(self, run_id: int | None) -> list[int]:
        """From the first run to this one."""
        found: list[int] = []
        while run_id is not None and run_id in self._by_id:
            found.append(run_id)
            run_id = self._by_id[run_id].parent_id
        return found[::-1]

    def holds(self, seq: int) -> bool:
        """Whether the event of that number is of the branch that is shown."""
        if seq > self.last_seq:
            return True
        at = bisect_right(self._starts, seq) - 1
        return at < 0 or self.twigs[at].id in self._on_path

    @property
    def is_straight(self) -> bool:
        """No run stands beside another one."""
        return len(self.path) == len(self.twigs)

    def continues(self, before: "Tree") -> bool:
        """Whether this shows the same as `before`, and perhaps more at its end."""
        return self.path[: len(before.path)] == before.path

    def versions_of(self, run_id: int) -> list[int]:
        """The run and those that stand beside it, oldest first."""
        twig = self._by_id[run_id]
        return [one.id for one in self.twigs if one.parent_id == twig.parent_id]

    def newest_under(self, run_id: int) -> int:
        """The newest run that comes after this one in any branch; itself when none does."""
        under = {run_id}
        for one in self.twigs:  # a parent is always older
            if one.parent_id in under:
                under.add(one.id)
        return max(under)

    def origin_of(self, run_id: int) -> int:
        """The run whose question this run is about."""
        while not self._by_id[run_id].asks and (parent := self._by_id[run_id].parent_id):
            run_id = parent
        return run_id


def tree_of(thread: Thread, *, head_id: int | None = None) -> Tree:
    """The conversation's runs, inside the tenant's transaction; `head_id` shows another branch than it does."""
    rows = Run.objects.filter(thread=thread).order_by("pk").values_list("pk", "parent_id", "first_seq", "question")
    twigs = [Twig(pk, parent_id, first_seq, bool(question)) for pk, parent_id, first_seq, question in rows]
    return Tree(twigs, head_id or thread.head_id, thread.last_seq)


def parent_for(thread: Thread, instead_of: int | None) -> int | None:
    """The run that a new one comes after: the newest that is shown, or the one before the run it stands beside.

    Raises NotFound when that run is of another conversation.
    """
    if instead_of is None:
        return thread.head_id
    tree = tree_of(thread)
    if instead_of not in tree:
        raise NotFound(f"There is no question {instead_of} in this conversation.", field="instead_of")
    return tree[tree.origin_of(instead_of)].parent_id
