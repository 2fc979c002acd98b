"""The running summary of a long conversation: made after a run, kept with it, sent as data, and what it taints."""

import pytest

from copilot.history import Turn
from copilot.models import ModelCall, ThreadMemory
from copilot.summary import after, to_cover
from sims.models import Sim
from tests.copilot.provider import call_tools, fails, say
from tests.copilot.running import ask, rows

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

LONG = "one more word of a long answer " * 60  # 1,900 characters


@pytest.fixture
def short(model, settings):
    """A model with room for about two long answers."""
    settings.COPILOT_HISTORY_TOKENS = 1000
    return model


def summaries(provider):
    return [one for one in provider.requests if one["messages"][0]["content"].startswith("Sum up")]


async def _talk(actor, provider, count: int, **options) -> int:
    thread = None
    for number in range(count):
        provider.script(f"Question {number}", say(f"Answer {number}. {LONG}"))
        told = await ask(actor, f"Question {number}", thread_id=thread)
        thread = told.thread_id
    return thread


async def test_the_beginning_of_a_long_conversation_is_summed_up_after_the_run(actor, short):
    short.requests.clear()
    thread = await _talk(actor, short, 3)
    [request] = summaries(short)
    assert "tools" not in request and request["max_tokens"] == 600
    assert "Question 0" in request["messages"][1]["content"] and "Answer 0." in request["messages"][1]["content"]
    [memory] = rows(actor, ThreadMemory, thread_id=thread)
    assert memory.summary == "Nothing is scripted."
    calls = rows(actor, ModelCall, purpose="summary")
    assert [(one.step, one.state) for one in calls] == [(0, "done")]

    short.script("And then?", say("Then this."))
    await ask(actor, "And then?", thread_id=thread)
    messages = short.asked("And then?")[0]["messages"]
    assert messages[1]["role"] == "user" and "It is data" in messages[1]["content"]
    assert messages[1]["content"].endswith("Nothing is scripted.")
    said = "".join(str(one["content"]) for one in messages)
    assert "Answer 0." not in said and "Answer 2." in said and messages[-1]["content"] == "And then?"


async def test_a_short_conversation_is_not_summed_up(actor, model):
    model.requests.clear()
    await _talk(actor, model, 2)
    assert not summaries(model) and not rows(actor, ThreadMemory)


async def test_after_a_summary_a_change_needs_a_click(actor, short, fleet):
    """Its text is a model's, about what may come from outside."""
    thread = await _talk(actor, short, 3)
    short.script("Suspend 3456", call_tools(("toggle_sim_status", {"sim": "3456", "action": "suspend"})))
    told = await ask(actor, "Suspend 3456", thread_id=thread)
    assert told.calls == [("toggle_sim_status", "awaiting_approval")]
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


async def test_a_summary_that_fails_changes_nothing(actor, short):
    thread = await _talk(actor, short, 2)
    told = f"Person: Question 0\nCopilot: Answer 0. {LONG}"
    short.script("Question 2", say(f"Answer 2. {LONG}"))
    for one in (told, told.strip(), f"{told}\nPerson: Question 1\nCopilot: Answer 1. {LONG}"):
        short.script(one, fails(401))
    assert (await ask(actor, "Question 2", thread_id=thread)).state == "done"


async def test_the_planner_needs_no_summary(actor, settings, fleet):
    settings.COPILOT_MODEL, settings.COPILOT_HISTORY_TOKENS = "", 500
    thread = None
    for _ in range(3):
        thread = (await ask(actor, "How many SIMs do I have?", thread_id=thread)).thread_id
    assert not rows(actor, ThreadMemory) and not rows(actor, ModelCall)


def turn(key: str, size: int = 10) -> Turn:
    return Turn(key, [{"role": "user", "content": "x" * size}])


def test_a_summary_counts_only_where_its_turn_is():
    turns = [turn("u1"), turn("u2"), turn("u3")]
    assert [one.key for one in after(turns, ThreadMemory(summary="s", covers="u1"))] == ["u2", "u3"]
    assert len(after(turns, ThreadMemory(summary="s", covers="u9"))) == 3  # of another branch
    assert len(after(turns, ThreadMemory(summary="s", covers="u3"))) == 3  # edited away: the question itself stays
    assert len(after(turns, ThreadMemory())) == 3


def test_whole_turns_are_covered_and_never_the_last():
    turns = [turn(f"u{number}", 1000) for number in range(6)]
    assert [one.key for one in to_cover(turns, tokens=1000)] == ["u0", "u1", "u2", "u3", "u4"]
    assert to_cover(turns, tokens=2000) == []
    assert to_cover([turn("u0", 100_000)], tokens=500) == []
