"""A conversation as a whole, for its page, the API and exports: in the branch that is shown, or in another one."""

from copilot.branches import Tree, tree_of
from copilot.conversation import Item
from copilot.facts import facts_of
from copilot.models import Run, Thread
from copilot.schemas.conversations import ConversationDetails, ConversationOut, EntryOut, RunOut
from copilot.sharing import as_read_by_another, find_readable, owners_of
from copilot.threads import read, states_of
from copilot.versions import versions_of
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound


def out_of(row: Thread, state: str, *, owner: str = "") -> ConversationOut:
    return ConversationOut(
        id=row.pk,
        title=row.title,
        state=state,
        pinned=row.pinned_at is not None and not owner,
        shared=row.shared_at is not None,
        owner=owner,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def details_of(actor: Actor, thread_id: int, run_id: int | None = None) -> ConversationDetails:
    """Raises NotFound, or Denied for a shared one that shows what the role may not see."""
    row = find_readable(actor, thread_id)
    tree = _branch(row, run_id)
    conversation = read(row.pk, head_id=tree.path[-1] if tree.path else None)
    mine = row.user_id == actor.user_id
    items = list(conversation.items.values())
    if not mine:
        items = as_read_by_another(conversation, facts_of(actor, items))
    owner = "" if mine else owners_of([row])[row.pk]
    runs = list(Run.objects.filter(thread=row).order_by("pk"))
    known = [one.cost for one in runs if one.cost is not None]
    return ConversationDetails(
        **out_of(row, states_of([row.pk]).get(row.pk, ""), owner=owner).model_dump(),
        entries=[_entry(one) for one in items],
        runs=_runs(runs, tree),
        seq=conversation.seq,
        cost=float(sum(known)) if len(known) == len(runs) else None,
    )


def _branch(thread: Thread, run_id: int | None) -> Tree:
    tree = tree_of(thread)
    if run_id is None or run_id in tree.path:
        return tree
    if run_id not in tree:
        raise NotFound(f"There is no question {run_id} in this conversation.", field="run")
    return tree_of(thread, head_id=tree.newest_under(run_id))


def _entry(item: Item) -> EntryOut:
    run = int(item.run) if item.run.isdecimal() else None
    return EntryOut(id=item.id, kind=item.kind, run=run, data=item.data)


def _runs(rows: list[Run], tree: Tree) -> list[RunOut]:
    """Those of the branch, in order."""
    beside = versions_of(tree.path)
    by_id = {one.pk: one for one in rows}
    return [
        RunOut(
            id=run_id,
            state=by_id[run_id].state,
            model=by_id[run_id].model,
            asked_at=by_id[run_id].created_at,
            finished_at=by_id[run_id].finished_at,
            version=beside[run_id].number if run_id in beside else 1,
            versions=beside[run_id].count if run_id in beside else 1,
            before=beside[run_id].before if run_id in beside else None,
            after=beside[run_id].after if run_id in beside else None,
        )
        for run_id in tree.path
    ]
