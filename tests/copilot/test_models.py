"""Real models, played by a provider on this machine that speaks OpenAI's protocol: what they do and how they fail."""

import json
from decimal import Decimal

import pytest

from copilot.models import Run, RunEvent, ToolCall
from iotsim.core.models import Approval, AuditEvent
from sims.models import Sim
from tests.copilot.provider import Reply, call_part, call_tools, delta, fails, finish, say, usage
from tests.copilot.running import ask, kept_events, ledger_of, rows, run_of

# Warnings of litellm's own, about pydantic.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _real(model):
    """All tests here ask a real model."""


async def test_words_stream_as_they_come_and_are_kept_in_few_rows(actor, model):
    model.script("Say something", say("one two three four five six seven eight", pause=0.05))
    told = await ask(actor, "Say something")
    assert told.state == "done", told.events
    pieces = [one["delta"] for one in told.of("TEXT_MESSAGE_CONTENT")]
    assert len(pieces) >= 8 and "".join(pieces).strip() == "one two three four five six seven eight"
    kept = [one.payload for one in kept_events(actor, told) if one.payload["type"] == "TEXT_MESSAGE_CONTENT"]
    assert len(kept) <= 4 and "".join(one["delta"] for one in kept) == "".join(pieces)


async def test_tokens_and_cost_are_recorded(actor, model):
    model.script("What did it cost?", say("Little."))
    told = await ask(actor, "What did it cost?")
    run = run_of(actor, told)
    assert (run.model, run.input_tokens, run.output_tokens) == ("openai/gpt-4o-mini", 100, 10)
    assert run.cost == Decimal("100") * Decimal("1.5e-07") + Decimal("10") * Decimal("6e-07")
    assert told.of("RUN_FINISHED")[0]["usage"] == [
        {"provider": "openai", "model": "gpt-4o-mini", "inputTokens": 100, "outputTokens": 10}
    ]


async def test_the_model_is_given_the_tools_and_who_asks(actor, model, fleet):
    model.script("Hello", say("Hello."))
    await ask(actor, "Hello")
    [request] = model.asked("Hello")
    names = {one["function"]["name"] for one in request["tools"]}
    assert {"find_sims", "toggle_sim_status", "change_status_in_bulk"} <= names
    assert not {"approve_call", "reject_call", "restore_status", "delete_conversation"} & names
    assert actor.name in request["messages"][0]["content"]
    find = next(one["function"] for one in request["tools"] if one["function"]["name"] == "find_sims")
    assert "Which SIMs are using more than 5GB?" in find["description"]
    assert "min_usage" in find["parameters"]["properties"]


async def test_a_viewer_s_model_is_given_no_tool_that_they_may_not_use(make_actor, model, database):
    from iotsim.core.guard import in_thread

    viewer = await in_thread(make_actor, "viewer")
    model.script("Hello again", say("Hello."))
    await ask(viewer, "Hello again")
    names = {one["function"]["name"] for one in model.asked("Hello again")[0]["tools"]}
    assert "find_sims" in names and "toggle_sim_status" not in names


async def test_a_tool_is_called_and_its_result_answered_from(actor, model, fleet):
    model.script("Heavy ones?", call_tools(("find_sims", {"min_usage": "5GB"})), say("Three SIMs."))
    told = await ask(actor, "Heavy ones?")
    assert told.calls == [("find_sims", "done")]
    assert told.answer == "Three SIMs."
    messages = model.asked("Heavy ones?")[1]["messages"]
    assert messages[-2]["tool_calls"][0]["id"] == messages[-1]["tool_call_id"]
    assert json.loads(messages[-1]["content"])["total"] == 3


async def test_parallel_calls_run_once_each(actor, model, fleet):
    calls = [("tag_sims", {"sims": [fleet[name].iccid], "tag": f"t-{name}"}) for name in ("heavy", "second", "light")]
    model.script("Tag three", call_tools(*calls), say("Tagged."))
    told = await ask(actor, "Tag three")
    assert told.calls == [("tag_sims", "done")] * 3
    events = rows(actor, AuditEvent, service="tag_sims")
    assert [one.outcome for one in events] == ["done"] * 3
    assert {one.arguments["tag"] for one in events} == {"t-heavy", "t-second", "t-light"}
    assert len({one.tool_call_id for one in ledger_of(actor, told)}) == 3


ARGUMENTS = ['{"sim": "', "{0}", '"}']
OTHERS = ['{"sim": "', "{1}", '"}']


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "all numbered 0",
            [(0, call, text[n]) for n in range(3) for call, text in (("a", ARGUMENTS), ("b", OTHERS))],
        ),
        (
            "a new number for each piece",
            [(n, "a" if n < 3 else "b", [*ARGUMENTS, *OTHERS][n]) for n in range(6)],
        ),
        (
            "the second under the first one's number",
            [(0, "a", "".join(ARGUMENTS)), (0, "b", OTHERS[0]), (0, "", OTHERS[1]), (0, "", OTHERS[2])],
        ),
    ],
)
async def test_wrongly_numbered_pieces_are_put_together(actor, model, fleet, name, parts):
    sims = [fleet["heavy"].iccid, fleet["second"].iccid]
    chunks, seen = [delta(role="assistant", content=None)], set()
    for index, call_id, text in parts:
        filled = text.replace("{0}", sims[0]).replace("{1}", sims[1])
        first = bool(call_id) and call_id not in seen
        seen.add(call_id)
        chunks.append(call_part(index, id=call_id or None, name="get_sim_details" if first else None, arguments=filled))
    model.script(name, Reply([*chunks, finish("tool_calls"), usage()]), say("Both."))
    told = await ask(actor, name)
    assert told.calls == [("get_sim_details", "done")] * 2
    asked = [json.loads(one["delta"])["sim"] for one in told.of("TOOL_CALL_ARGS")]
    assert asked == sims


async def test_cut_off_arguments_are_not_run_and_may_be_sent_again_once(actor, model, fleet):
    sim = fleet["named"].iccid
    broken = f'{{"sim": "{sim}", "action": "susp'
    whole = {"sim": sim, "action": "suspend"}
    model.script(
        "Cut once", call_tools(("toggle_sim_status", broken)), call_tools(("toggle_sim_status", whole)), say("Done.")
    )
    told = await ask(actor, "Cut once")
    assert told.calls[0] == ("toggle_sim_status", "failed")
    assert "cut off" in model.asked("Cut once")[1]["messages"][-1]["content"]
    assert json.loads(model.asked("Cut once")[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"]) == {}
    assert told.calls[1][0] == "toggle_sim_status" and told.calls[1][1] != "failed"


async def test_cut_off_arguments_twice_end_the_run_with_a_sentence(actor, model, fleet):
    broken = '{"sim": "3456", "act'
    model.script("Cut twice", *[call_tools(("toggle_sim_status", broken))] * 2)
    told = await ask(actor, "Cut twice")
    assert told.state == "failed"
    assert "could not say what to do" in told.error
    assert len(model.asked("Cut twice")) == 2
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


async def test_a_tool_that_does_not_exist_is_refused(actor, model, fleet):
    model.script("Strange tool", call_tools(("drop_database", {})), say("I cannot."))
    told = await ask(actor, "Strange tool")
    assert told.calls == [("drop_database", "failed")]
    assert told.answer == "I cannot."


async def test_a_service_that_is_no_tool_cannot_be_called(actor, model, fleet):
    model.script("Approve yourself", call_tools(("approve_call", {"approval": 1})), say("I cannot."))
    told = await ask(actor, "Approve yourself")
    assert told.calls == [("approve_call", "failed")]


async def test_a_model_that_has_read_rows_needs_a_click_to_change_something(actor, model, fleet):
    """A label may hold an instruction, so what was asked before and after reading is not the same."""
    change = ("toggle_sim_status", {"sim": fleet["nasty"].iccid, "action": "suspend"})
    model.script("Look, then act", call_tools(("find_sims", {})), call_tools(change))
    told = await ask(actor, "Look, then act")
    assert told.calls == [("find_sims", "done"), ("toggle_sim_status", "awaiting_approval")]
    assert rows(actor, Sim, pk=fleet["nasty"].pk)[0].status == "active"
    assert "text from outside" in rows(actor, Approval)[0].why


async def test_a_model_that_acts_at_once_does_as_it_was_told(actor, model, fleet):
    change = ("toggle_sim_status", {"sim": "3456", "action": "suspend"})
    model.script("Suspend 3456", call_tools(change), say("SIM 3456 is suspended."))
    told = await ask(actor, "Suspend 3456")
    assert told.calls == [("toggle_sim_status", "done")]
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "suspended"


async def test_parallel_calls_that_need_a_click_wait_each_on_their_own(actor, model, fleet):
    retire = [("retire_sim", {"sim": fleet[name].iccid}) for name in ("heavy", "second")]
    model.script("Retire both", call_tools(*retire))
    told = await ask(actor, "Retire both")
    assert told.calls == [("retire_sim", "awaiting_approval")] * 2
    assert len(rows(actor, Approval)) == 2
    assert len(told.of("RUN_FINISHED")[0]["outcome"]["interrupts"]) == 2
    assert len(model.asked("Retire both")) == 1


async def test_what_was_decided_stands_in_the_history_of_the_next_question(actor, model, fleet):
    from iotsim.core.guard import in_thread
    from iotsim.core.services import reject_call

    model.script("Retire it", call_tools(("retire_sim", {"sim": fleet["heavy"].iccid})))
    first = await ask(actor, "Retire it")
    [approval] = rows(actor, Approval)
    model.script("And the others?", say("They are fine."))
    await ask(actor, "And the others?", thread_id=first.thread_id)
    await in_thread(reject_call.call, actor, {"approval": approval.pk, "reason": "it is in use"})
    model.script("And now?", say("It was rejected."))
    await ask(actor, "And now?", thread_id=first.thread_id)
    told = [one for one in model.asked("And now?")[0]["messages"] if one["role"] == "tool"]
    outcome = json.loads(told[0]["content"])
    assert (outcome["status"], outcome["reason"]) == ("rejected", "it is in use")
    assert [one.state for one in rows(actor, ToolCall)] == ["denied"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refused the key"),
        (403, "may not use"),
        (404, "no model"),
        (400, "did not accept"),
        (429, "too many questions"),
        (500, "down at the moment"),
        (503, "down at the moment"),
    ],
)
async def test_a_provider_s_error_is_a_sentence_without_the_key(actor, model, status, words):
    question = f"Fail with {status}"
    model.script(question, *[fails(status, "wrong key sk-secret-of-the-test")] * 2)
    told = await ask(actor, question)
    assert told.state == "failed"
    assert words in told.error
    assert "sk-secret" not in told.error and "sk-secret" not in json.dumps(told.events)
    assert len(model.asked(question)) == (2 if status in (429, 500, 503) else 1)


async def test_a_silent_provider_is_given_up(actor, model, settings):
    settings.COPILOT_SILENCE_SECONDS = 1
    model.script("Silence", Reply(hang=8))
    told = await ask(actor, "Silence")
    assert told.state == "failed"
    assert "silent" in told.error or "in time" in told.error


async def test_a_model_that_falls_silent_in_the_middle_is_given_up(actor, model, settings):
    settings.COPILOT_SILENCE_SECONDS = 1
    model.script("Half", Reply([delta(content="Half a sen"), 8]))
    told = await ask(actor, "Half")
    assert told.answer == "Half a sen"
    assert "silent" in told.error or "in time" in told.error
    assert [one["messageId"] for one in told.of("TEXT_MESSAGE_END")] == [told.of("TEXT_MESSAGE_START")[0]["messageId"]]


async def test_a_connection_that_breaks_in_the_middle_is_said(actor, model):
    model.script("Break", Reply([delta(content="Half a sen"), 0.05], cut=True))
    told = await ask(actor, "Break")
    assert told.state == "failed"
    assert told.answer == "Half a sen"
    assert "broke off" in told.error or "cannot be reached" in told.error


async def test_a_call_that_breaks_off_in_the_middle_is_not_run(actor, model, fleet):
    half = call_part(0, id="a", name="toggle_sim_status", arguments='{"sim": "3456", "action": "sus')
    model.script("No end", *[Reply([half])] * 2)
    told = await ask(actor, "No end")
    assert told.state == "failed" and told.calls == [("toggle_sim_status", "failed")] * 2
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


async def test_a_provider_that_is_not_there_is_said(actor, settings):
    settings.COPILOT_API_BASE = "http://127.0.0.1:9/v1"
    told = await ask(actor, "Anybody?")
    assert "cannot be reached" in told.error or "down at the moment" in told.error


async def test_a_fallback_answers_when_the_first_model_is_down(actor, model, settings):
    settings.COPILOT_FALLBACK_MODELS = ["openai/gpt-4o"]
    model.script("Fall back", fails(503), say("Here I am."))
    told = await ask(actor, "Fall back")
    assert told.answer == "Here I am."
    assert [one["model"] for one in model.asked("Fall back")] == ["gpt-4o-mini", "gpt-4o"]
    assert run_of(actor, told).model == "openai/gpt-4o"


async def test_a_fallback_does_not_go_on_in_the_middle_of_a_sentence(actor, model, settings):
    settings.COPILOT_FALLBACK_MODELS = ["openai/gpt-4o"]
    model.script("Broken and fallback", Reply([delta(content="Half"), 0.05], cut=True), say("Other."))
    told = await ask(actor, "Broken and fallback")
    assert told.answer == "Half" and told.state == "failed"


async def test_steps_are_capped(actor, model, fleet, settings):
    settings.COPILOT_MAX_STEPS = 3
    model.script("For ever", *[call_tools(("get_fleet_summary", {}))] * 10)
    told = await ask(actor, "For ever")
    assert len(model.asked("For ever")) == 3
    assert "more than 3 steps" in told.error


async def test_tool_calls_are_capped(actor, model, fleet, settings):
    settings.COPILOT_MAX_CALLS = 4
    model.script("Many calls", call_tools(*[("get_fleet_summary", {})] * 5))
    told = await ask(actor, "Many calls")
    assert "more than 4 calls" in told.error
    assert ledger_of(actor, told) == []


async def test_tokens_are_capped(actor, model, fleet, settings):
    settings.COPILOT_MAX_TOKENS = 1000
    thirsty = call_tools(("get_fleet_summary", {}))
    model.script("Thirsty", Reply([*thirsty.chunks[:-1], usage(5000, 10)]), say("never"))
    told = await ask(actor, "Thirsty")
    assert "1,000 tokens" in told.error and len(model.asked("Thirsty")) == 1


async def test_time_is_capped(actor, model, settings):
    settings.COPILOT_MAX_SECONDS = 1
    model.script("Slow", say("word " * 60, pause=0.05))
    told = await ask(actor, "Slow")
    assert "longer than 1 second" in told.error
    assert told.answer.startswith("word")


async def test_stop_takes_effect_between_two_words(actor, model):
    model.script("Go on and on", say("word " * 200, pause=0.05))

    def press(event, runner):
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            runner.stop_runs()

    told = await ask(actor, "Go on and on", on_event=press)
    assert told.state == "stopped"
    assert len(told.answer.split()) < 5
    assert told.of("RUN_FINISHED")[0]["outcome"]["type"] == "cancelled"
    assert len(told.of("TEXT_MESSAGE_END")) == 1


async def test_stop_takes_effect_before_the_next_tool(actor, model, fleet):
    calls = [("tag_sims", {"sims": [fleet[name].iccid], "tag": "x"}) for name in ("heavy", "second", "light")]
    model.script("Tag and stop", call_tools(*calls))

    def press(event, runner):
        if event["type"] == "TOOL_CALL_RESULT":
            runner.stop_runs()

    told = await ask(actor, "Tag and stop", on_event=press)
    assert told.calls == [("tag_sims", "done"), ("tag_sims", "cancelled"), ("tag_sims", "cancelled")]
    assert len(rows(actor, AuditEvent, service="tag_sims")) == 1
    assert [one.state for one in ledger_of(actor, told)] == ["done", "cancelled", "cancelled"]
    model.script("Go on", say("Fine."))
    await ask(actor, "Go on", thread_id=told.thread_id)
    history = model.asked("Go on")[0]["messages"]
    called = [one["id"] for message in history for one in message.get("tool_calls", ())]
    answered = [one["tool_call_id"] for one in history if one["role"] == "tool"]
    assert called == answered


async def test_instructions_in_a_label_reach_the_model_as_data_only(actor, model, fleet):
    model.script("Read the labels", call_tools(("find_sims", {})), say("![x](http://evil.example/?q=1)"))
    told = await ask(actor, "Read the labels")
    request = model.asked("Read the labels")[1]
    assert request["messages"][-1]["role"] == "tool"
    assert "onerror" in request["messages"][-1]["content"]
    assert "data" in request["messages"][0]["content"]
    assert told.state == "done"


async def test_an_error_of_ours_ends_the_run_and_is_not_swallowed(actor, model, settings):
    settings.COPILOT_MAX_STEPS = "not a number"
    with pytest.raises(TypeError):
        await ask(actor, "Break down")
    [run] = rows(actor, Run)
    assert run.state == "failed" and "error of ours" in run.error
    assert rows(actor, RunEvent)[-1].payload["type"] == "RUN_ERROR"
