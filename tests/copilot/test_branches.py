"""Editing a question and asking again: a branch beside the old one, nothing lost."""

import pytest

from copilot import threads
from copilot.branches import Tree, Twig, tree_of
from copilot.models import Run, RunText, Thread
from iotsim.core.errors import NotFound
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant
from tests.copilot.running import again, ask, rows


async def said(actor, thread_id: int, **options) -> list[str]:
    def read() -> list[str]:
        with tenant(actor.organization_id, read_only=True):
            items = threads.read(thread_id, **options).items.values()
        return [one.data["text"] for one in items if one.kind == "said"]

    return await in_thread(read)


def test_a_tree_knows_its_path_and_what_stands_beside_it():
    twigs = [Twig(1, None, 1), Twig(2, 1, 10), Twig(3, 2, 20), Twig(4, 1, 30), Twig(5, 4, 40, asks=False)]
    tree = Tree(twigs, head_id=5, last_seq=49)
    assert tree.path == [1, 4, 5] and not tree.is_straight
    assert [tree.holds(seq) for seq in (1, 9, 10, 29, 30, 45, 99)] == [True, True, False, False, True, True, True]
    assert tree.versions_of(4) == [2, 4] and tree.newest_under(2) == 3 and tree.origin_of(5) == 4
    other = Tree(twigs, head_id=3, last_seq=49)
    assert [other.holds(seq) for seq in (45, 50)] == [False, True]
    assert not other.continues(tree) and tree.continues(Tree(twigs, head_id=4, last_seq=49))


async def test_an_edited_question_begins_a_branch_beside_the_old_one(actor, fleet):
    first = await ask(actor, "How many SIMs do I have?")
    second = await ask(actor, "Which SIMs are using more than 5GB?", thread_id=first.thread_id)
    third = await ask(actor, "And suspended ones?", thread_id=first.thread_id)
    edited = await ask(
        actor, "Which SIMs are using more than 7GB?", thread_id=first.thread_id, instead_of=second.run_id
    )
    assert await said(actor, first.thread_id) == ["How many SIMs do I have?", "Which SIMs are using more than 7GB?"]
    assert (await said(actor, first.thread_id, head_id=third.run_id))[1:] == [
        "Which SIMs are using more than 5GB?",
        "And suspended ones?",
    ]
    [thread] = rows(actor, Thread)
    assert thread.head_id == edited.run_id

    def versions() -> list[int]:
        with tenant(actor.organization_id, read_only=True):
            return tree_of(thread).versions_of(edited.run_id)

    assert await in_thread(versions) == [second.run_id, edited.run_id]


async def test_the_first_question_can_be_edited_too_and_the_next_one_follows_the_branch_shown(actor, fleet):
    first = await ask(actor, "How many SIMs do I have?")
    edited = await ask(actor, "Show me the SIM ending in 3456", thread_id=first.thread_id, instead_of=first.run_id)
    after = await ask(actor, "and suspend it", thread_id=first.thread_id)
    assert await said(actor, first.thread_id) == ["Show me the SIM ending in 3456", "and suspend it"]
    parents = {one.pk: one.parent_id for one in rows(actor, Run)}
    assert parents == {first.run_id: None, edited.run_id: None, after.run_id: edited.run_id}
    assert after.calls == [("toggle_sim_status", "done")]


async def test_an_answer_given_again_stands_beside_the_old_one(actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    anew = await again(actor, told.run_id)
    assert anew.thread_id == told.thread_id and anew.answer == told.answer
    assert await said(actor, told.thread_id) == ["How many SIMs do I have?"]
    assert [one.parent_id for one in rows(actor, Run)] == [None, None]


async def test_nobody_branches_a_conversation_of_somebody_else(actor, make_actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    other = await ask(actor, "How many SIMs do I have?")
    colleague = await in_thread(make_actor, "owner")
    with pytest.raises(NotFound, match="of yours"):
        await again(colleague, told.run_id)
    with pytest.raises(NotFound, match="in this conversation"):
        await ask(actor, "Hello?", thread_id=told.thread_id, instead_of=other.run_id)


async def test_what_was_said_is_kept_as_one_text(actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    [text] = rows(actor, RunText)
    assert text.text == f"How many SIMs do I have?\n\n{told.answer}"
