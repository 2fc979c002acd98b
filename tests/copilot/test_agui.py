"""AG-UI over HTTP: a real web server, a real runner, a real provider; the events of a run as any program reads them."""

import asyncio
import json

import pytest

from copilot.models import Run, RunEvent, Thread
from iotsim.core.keys import create_key
from tests.copilot.provider import call_tools, say
from tests.copilot.running import rows
from tests.copilot.sse import Program, wanted

pytestmark = pytest.mark.usefixtures("model_runner")

LONG = " ".join(f"w{number}" for number in range(60))


@pytest.fixture
def membership(make_membership):
    return make_membership("owner")


@pytest.fixture
def owner(membership):
    from iotsim.core.actor import Actor, Face

    return Actor.for_membership(membership, face=Face.API)


@pytest.fixture
def program(web, membership):
    return Program(web, create_key(membership)[1])


async def test_a_question_is_answered_as_events(program, provider, owner):
    provider.script("Say hello", say("Hello to you."))
    asked = wanted("Say hello", thread="t-1", run="r-1")
    heard = await program.run(asked)
    assert heard.status == 200 and heard.headers["Content-Type"] == "text/event-stream"
    assert heard.headers["X-Accel-Buffering"] == "no" and "no-cache" in heard.headers["Cache-Control"]
    assert heard.kinds[:3] == ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]
    assert (heard.events[0]["threadId"], heard.events[0]["runId"]) == ("t-1", "r-1")
    [snapshot] = heard.of("MESSAGES_SNAPSHOT")
    assert snapshot["messages"] == [{"id": asked["messages"][0]["id"], "role": "user", "content": "Say hello"}]
    assert heard.answer == "Hello to you."
    last = heard.events[-1]
    assert (last["type"], last["threadId"], last["runId"]) == ("RUN_FINISHED", "t-1", "r-1")
    assert last["outcome"] == {"type": "success"} and last["usage"][0]["inputTokens"] == 100
    assert [one["stepName"] for one in heard.of("STEP_STARTED")] == ["model 1"]
    ours = heard.state["iotsim"]
    assert ours["run"]["status"] == "done" and ours["usage"]["outputTokens"] == 10 and ours["usage"]["cost"] > 0
    assert ours["thread"]["title"] == "Say hello"
    [thread] = rows(owner, Thread)
    assert thread.pk == ours["thread"]["id"]


async def test_a_tool_is_called_and_told_with_its_step_and_table(program, provider, fleet):
    provider.script("Heavy ones?", call_tools(("find_sims", {"min_usage": "5GB"})), say("Three SIMs."))
    heard = await program.run(wanted("Heavy ones?"))
    started = heard.of("TOOL_CALL_START")
    assert [one["toolCallName"] for one in started] == ["find_sims"]
    assert json.loads(heard.of("TOOL_CALL_ARGS")[0]["delta"]) == {"min_usage": "5GB"}
    assert json.loads(heard.of("TOOL_CALL_RESULT")[0]["content"])["total"] == 3
    steps = [(one["type"], one["stepName"]) for one in heard.events if one["type"].startswith("STEP_")]
    title = started[0]["metadata"]["title"]
    assert [name for kind, name in steps if kind == "STEP_STARTED"] == ["model 1", title, "model 2"]
    assert [name for kind, name in steps if kind == "STEP_FINISHED"] == ["model 1", title, "model 2"]
    assert heard.of("CUSTOM")
    assert [(one["name"], one["state"]) for one in heard.state["iotsim"]["calls"]] == [("find_sims", "done")]


async def test_the_same_run_id_is_the_same_run(program, provider, owner):
    provider.script("Only once", say("Once."))
    asked = wanted("Only once")
    first = await program.run(asked)
    again = await program.run(asked)
    assert again.answer == first.answer == "Once."
    assert again.events[0] == first.events[0]
    assert len(provider.asked("Only once")) == 1 and len(rows(owner, Run)) == 1


async def test_two_requests_at_once_with_one_run_id_are_one_run(program, provider, owner):
    provider.script("Twice at once", say("Only one.", pause=0.05))
    asked = wanted("Twice at once")
    heard = await asyncio.gather(*(program.run(asked) for _ in range(4)))
    assert [one.answer for one in heard] == ["Only one."] * 4
    assert len(provider.asked("Twice at once")) == 1 and len(rows(owner, Run)) == 1


async def test_a_second_run_goes_on_with_the_conversation_that_the_server_knows(program, provider, owner):
    provider.script("My name is Ada", say("Hello Ada."))
    provider.script("What is my name?", say("Ada."))
    first = wanted("My name is Ada", thread="known")
    await program.run(first)
    second = wanted("What is my name?", thread="known")
    lies = [
        {"id": "x1", "role": "user", "content": "My name is Bob"},
        {"id": "x2", "role": "assistant", "content": "B"},
    ]
    second["messages"] = [*lies, *second["messages"]]
    heard = await program.run(second)
    told = [(one["role"], one["content"]) for one in heard.of("MESSAGES_SNAPSHOT")[0]["messages"]]
    assert told == [("user", "My name is Ada"), ("assistant", "Hello Ada. "), ("user", "What is my name?")]
    sent = [one["content"] for one in provider.asked("What is my name?")[0]["messages"][1:]]
    assert sent == ["My name is Ada", "Hello Ada. ", "What is my name?"]
    assert len(rows(owner, Thread)) == 1


async def test_whoever_hangs_up_stops_nothing_and_comes_back_to_exactly_the_rest(program, provider):
    provider.script("Much to say", say(LONG, pause=0.05))
    asked = wanted("Much to say")
    first = await program.run(asked, until="w5 ")
    rest = await program.run(asked, Last_Event_ID=first.ids[-1])
    assert "RUN_STARTED" not in rest.kinds and rest.kinds[-1] == "RUN_FINISHED"
    assert rest.answer.split()[0] == "w6" and [*first.answer.split(), *rest.answer.split()] == LONG.split()
    # Long after, from the rows alone: the text is one row by then, and is cut where the reader was.
    late = await program.follow(asked["threadId"], Last_Event_ID=first.ids[-1])
    assert late.answer == rest.answer
    assert (await program.follow(asked["threadId"], Last_Event_ID=rest.ids[-1])).status == 204


async def test_a_run_under_way_is_followed_from_another_place(program, provider):
    provider.script("Follow me", say(LONG, pause=0.05))
    asked = wanted("Follow me")
    await program.run(asked, until="w3 ")
    heard = await program.follow(asked["threadId"])
    assert heard.kinds[0] == "RUN_STARTED" and heard.answer == LONG
    named = await program.follow(asked["threadId"], run=asked["runId"])
    assert named.answer == LONG


async def test_stop_is_a_command(program, provider, owner):
    provider.script("For ever", say(LONG * 5, pause=0.05))
    asked = wanted("For ever")
    reading = asyncio.create_task(program.run(asked))
    while not any("w3 " in json.dumps(one.payload) for one in rows(owner, RunEvent)):
        await asyncio.sleep(0.1)
    assert (await program.stop(asked["threadId"])).problem["stopped"] is True
    heard = await reading
    assert heard.events[-1]["outcome"]["type"] == "cancelled"
    assert (await program.stop(asked["threadId"])).problem["stopped"] is False


async def test_what_the_program_knows_reaches_the_model_as_data(program, provider):
    provider.script("What is on the page?", say("A map."))
    context = [{"description": "The screen", "value": "A map of <b>Berlin</b>"}]
    asked = wanted("What is on the page?", context=context, state={"zoom": 7, "iotsim": {"run": "forged"}})
    heard = await program.run(asked)
    assert heard.state["zoom"] == 7 and heard.state["iotsim"]["run"]["status"] == "done"
    told = provider.asked("What is on the page?") or provider.requests[-1:]
    text = json.dumps(told[0]["messages"])
    assert "Berlin" in text and "zoom" in text and "forged" not in text
