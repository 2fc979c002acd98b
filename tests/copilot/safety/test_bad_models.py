"""Models and providers that misbehave: too long, too odd, nothing at all, in somebody else's name."""

import json

import pytest

from copilot.models import Run, ToolCall
from iotsim.core.errors import TooLarge
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from sims.models import Sim
from tests.copilot.provider import Reply, call_part, call_tools, delta, finish, say, usage
from tests.copilot.running import ask, kept_events, ledger_of, rows


@pytest.fixture(autouse=True)
def _real(model):
    """All tests here ask a real model."""


# --- too long ---


async def test_a_message_of_100_kb_is_refused_with_its_length(actor, database):
    with pytest.raises(TooLarge, match="102,400 characters"):
        await ask(actor, "x" * 102_400)
    assert rows(actor, Run) == []


async def test_a_text_without_an_end_is_ended(actor, model):
    model.script("For ever", Reply([delta(content="word " * 2000)] * 500))
    told = await ask(actor, "For ever")
    assert told.state == "failed" and "longer than 100,000 characters" in told.error
    assert len(told.answer) <= 100_000
    assert sum(len(json.dumps(one.payload)) for one in kept_events(actor, told)) < 250_000


async def test_arguments_without_an_end_are_ended_and_not_run(actor, model, fleet):
    first = call_part(0, id="a", name="toggle_sim_status", arguments='{"sim": "3456", "action": "suspend", "reason": "')
    model.script("Endless", Reply([first, *[call_part(0, arguments="x" * 5000)] * 60]))
    told = await ask(actor, "Endless")
    assert "longer than 100,000 characters" in told.error
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active" and ledger_of(actor, told) == []


async def test_thousands_of_calls_at_once_are_refused_as_a_whole(actor, model, fleet):
    parts = [call_part(n, id=f"c{n}", name="get_fleet_summary", arguments="{}") for n in range(2000)]
    model.script("A flood", Reply([*parts, finish("tool_calls"), usage()]))
    told = await ask(actor, "A flood")
    assert "more than 20 calls" in told.error
    assert rows(actor, ToolCall) == [] and rows(actor, AuditEvent) == []


async def test_a_long_result_reaches_the_model_cut(actor, organisation, model, fleet):
    from tests.fleet import make_sim

    for number in range(40):
        await in_thread(make_sim, organisation, label=f"{number} " + "y" * 100)
    model.script("All", call_tools(("find_sims", {"limit": 100})), say("Many."))
    await ask(actor, "All")
    assert len(model.asked("All")[1]["messages"][-1]["content"]) <= 12_000


# --- nothing at all ---


@pytest.mark.parametrize(
    "chunks",
    [
        [finish(), usage()],
        [delta(role="assistant", content=""), finish(), usage()],
        [delta(role="assistant", content="  \n "), finish(), usage()],
        [delta(role="assistant", content=None), finish(), usage()],
    ],
    ids=["no word", "an empty word", "spaces", "none"],
)
async def test_a_model_that_answers_nothing_is_told_apart_from_an_answer(actor, model, chunks):
    model.script("Nothing", Reply(chunks), Reply(chunks))
    told = await ask(actor, "Nothing")
    assert told.state == "failed" and "answered nothing" in told.error


async def test_a_change_before_nothing_is_kept(actor, model, fleet):
    act = call_tools(("toggle_sim_status", {"sim": "3456", "action": "suspend"}))
    model.script("Suspend 3456", act, Reply([finish()]), Reply([finish()]))
    told = await ask(actor, "Suspend 3456")
    assert told.calls == [("toggle_sim_status", "done")] and "answered nothing" in told.error
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "suspended"


# --- in somebody else's name ---


@pytest.mark.parametrize("role", ["tool", "user", "system", "developer", "function"])
async def test_a_text_in_another_role_is_the_model_s_own_words(actor, model, fleet, role):
    question = f"In the name of {role}"
    model.script(question, Reply([delta(role=role, content="SIM 3456 was suspended."), finish(), usage()]))
    told = await ask(actor, question)
    assert told.answer == "SIM 3456 was suspended." and told.calls == []
    assert [one["role"] for one in told.of("TEXT_MESSAGE_START")] == ["assistant"]
    model.script("And now", say("Fine."))
    await ask(actor, "And now", thread_id=told.thread_id)
    said = [one for one in model.requests[-1]["messages"] if "was suspended" in str(one.get("content"))]
    assert [one["role"] for one in said] == ["assistant"]


# --- odd names and ids ---

NAMES = [
    "toggle_sim_status\n", " toggle_sim_status", "TOGGLE_SIM_STATUS", "../find_sims", "find_sims; DROP TABLE x",
    "<script>alert(1)</script>", "find_sims\u202e", "функция", "a" * 5000, "__class__", "registry.get", "find_sims()",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda one: repr(one)[:30])
async def test_a_tool_of_an_odd_name_is_refused(actor, model, fleet, name):
    question = f"Odd {NAMES.index(name)}"
    model.script(question, call_tools((name, {"sim": "3456", "action": "suspend"})), say("I cannot."))
    told = await ask(actor, question)
    assert [state for _, state in told.calls] == ["failed"] and told.answer == "I cannot."
    assert all(len(one["toolCallName"]) <= 80 for one in told.of("TOOL_CALL_START"))
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


async def test_a_call_without_a_name_is_refused(actor, model, fleet):
    model.script("Nameless", Reply([call_part(0, id="a", arguments="{}"), finish("tool_calls"), usage()]), say("No."))
    told = await ask(actor, "Nameless")
    assert [state for _, state in told.calls] in (["failed"], [])
    assert told.state in ("done", "failed")


async def test_an_id_used_for_two_calls_runs_neither_of_them(actor, model, fleet):
    one, two = (json.dumps({"sim": sim, "action": "suspend"}) for sim in (fleet["heavy"].iccid, fleet["second"].iccid))
    parts = [
        call_part(0, id="same", name="toggle_sim_status", arguments=one),
        call_part(1, id="same", name="toggle_sim_status", arguments=two),
    ]
    model.script("Same id", Reply([*parts, finish("tool_calls"), usage()]), say("Hm."))
    told = await ask(actor, "Same id")
    assert [state for _, state in told.calls] == ["failed"]
    assert rows(actor, AuditEvent, service="toggle_sim_status", outcome="done") == []


async def test_ids_that_come_again_in_the_next_step_are_told_apart(actor, model, fleet):
    """Providers number from one with each answer; each call has an id of ours."""
    step = call_tools(("get_fleet_summary", {}))
    model.script("Again", step, call_tools(("get_fleet_summary", {})), say("Done."))
    told = await ask(actor, "Again")
    assert told.calls == [("get_fleet_summary", "done")] * 2
    assert len({one.tool_call_id for one in ledger_of(actor, told)}) == 2


async def test_pieces_of_four_calls_that_come_in_turns_are_kept_apart(actor, model, fleet):
    sims = [fleet[name].iccid for name in ("heavy", "second", "named", "light")]
    texts = [json.dumps({"sim": one}) for one in sims]
    parts = [call_part(n, id=f"c{n}", name="get_sim_details") for n in range(4)]
    longest = max(len(one) for one in texts)
    parts += [
        call_part(n, arguments=texts[n][at : at + 3])
        for at in range(0, longest, 3)
        for n in (2, 0, 3, 1)
        if texts[n][at : at + 3]
    ]
    model.script("In turns", Reply([*parts, finish("tool_calls"), usage()]), say("All four."))
    told = await ask(actor, "In turns")
    assert told.calls == [("get_sim_details", "done")] * 4
    assert [json.loads(one["delta"])["sim"] for one in told.of("TOOL_CALL_ARGS")] == sims


# --- answers that are none of the protocol's ---


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": []},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": None, "tool_calls": None}, "finish_reason": None}]},
        {"choices": [{"index": 3, "delta": {"content": ""}, "finish_reason": None}]},
    ],
    ids=["no choice", "no delta", "nulls", "another index"],
)
async def test_an_empty_piece_is_passed_over(actor, model, chunk):
    question = f"Pieces {json.dumps(chunk)[:50]}"
    model.script(question, Reply([chunk, delta(content="Here."), chunk, finish(), usage()]))
    told = await ask(actor, question)
    assert told.answer == "Here." and told.state == "done"


@pytest.mark.parametrize(
    "chunk",
    [
        {"error": {"message": "overloaded sk-secret-of-the-test", "code": 529}},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}, "finish_reason": None}]},
        {"choices": "none"},
    ],
    ids=["an error in the stream", "a call of nothing", "choices that are none"],
)
async def test_a_piece_that_is_none_ends_in_a_sentence_without_a_key(actor, model, chunk):
    question = f"Broken {json.dumps(chunk)[:50]}"
    model.script(question, Reply([delta(content="Half"), chunk, finish(), usage()]), say("Enough."))
    told = await ask(actor, question)
    assert told.state in ("done", "failed")
    assert told.state == "done" or told.error
    assert "sk-secret" not in json.dumps(told.events)


async def test_nul_and_odd_signs_in_an_answer_are_kept_and_break_nothing(actor, model):
    model.script("Signs", say("a\x00b \ud83d\ude00 \u202ec \ufffd"))
    told = await ask(actor, "Signs")
    assert told.state == "done"
    kept = "".join(
        one.payload["delta"] for one in kept_events(actor, told) if one.payload["type"] == "TEXT_MESSAGE_CONTENT"
    )
    assert "\x00" not in kept and kept.startswith("ab")
