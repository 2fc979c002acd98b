"""After decisions the answer goes on: once, with the outcomes as results, and not when something else was asked."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from copilot import relay, resuming, threads
from copilot.models import QueuedRun, Run, RunEvent, ToolCall
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval, AuditEvent
from iotsim.core.services import approve_call, reject_call
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.copilot.provider import call_tools, say
from tests.copilot.running import ask, go_on, kept_events, rows

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

BULK = "Suspend all SIMs using more than 5GB"


async def decide(actor, service, **raw):
    return (await in_thread(service.call, actor, raw)).result


async def test_the_planner_says_what_came_of_an_approval(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    after = await go_on(actor, told.run_id)
    assert (after.state, after.answer) == ("done", after.answer)
    assert "3 SIMs suspended" in after.answer
    assert after.calls == []  # nothing runs a second time
    assert len(rows(actor, AuditEvent, service="change_status_in_bulk", outcome="done")) == 1
    [result] = after.of("TOOL_CALL_RESULT")
    assert result["metadata"]["state"] == "done" and json.loads(result["content"])["changed"] == 3


async def test_the_planner_says_that_it_was_rejected_and_why(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, reject_call, approval=approval.pk, reason="They carry live traffic")
    after = await go_on(actor, told.run_id)
    assert "rejected" in after.answer and "They carry live traffic" in after.answer
    assert {one.status for one in rows(actor, Sim, pk=fleet["heavy"].pk)} == {"active"}


async def test_a_model_gets_the_reason_as_the_result_and_goes_on(actor, model, fleet):
    heavy, light = fleet["heavy"].iccid, fleet["light"].iccid
    model.script(
        "Retire the heavy one",
        call_tools(("retire_sim", {"sim": heavy})),
        call_tools(("get_sim_details", {"sim": light})),
        say("You keep it; here is another."),
    )
    told = await ask(actor, "Retire the heavy one")
    [approval] = rows(actor, Approval)
    await decide(actor, reject_call, approval=approval.pk, reason="It is in use")
    after = await go_on(actor, told.run_id)
    assert after.calls[-1] == ("get_sim_details", "done")
    assert after.answer == "You keep it; here is another."
    messages = model.asked("Retire the heavy one")[1]["messages"]
    [result] = [one for one in messages if one["role"] == "tool"]
    assert json.loads(result["content"]) == {
        "status": "rejected",
        "error": f"Retire SIM crane-1: rejected by {actor.name}. It is in use.",
        "reason": "It is in use",
    }
    assert messages[-1]["role"] == "tool"  # no word of ours that it waits stands after it
    run = rows(actor, Run, resumes=told.run_id)[0]
    assert run.question == "" and run.cost is not None


async def test_parallel_requests_are_decided_each_on_its_own_and_none_is_lost(actor, model, fleet):
    first, second = fleet["heavy"].iccid, fleet["second"].iccid
    model.script(
        "Retire the two",
        call_tools(("retire_sim", {"sim": first}), ("retire_sim", {"sim": second})),
        say("One is retired, one is kept."),
    )
    told = await ask(actor, "Retire the two")
    one, other = rows(actor, Approval)
    await decide(actor, approve_call, approval=one.pk)
    assert rows(actor, Run, resumes=told.run_id) == []  # one of them still waits
    with pytest.raises(Conflict, match="1 request of this answer still waits"):
        await in_thread(resume, actor, told)
    await decide(actor, reject_call, approval=other.pk, reason="not that one")
    after = await go_on(actor, told.run_id)
    done, refused = (json.loads(one["content"]) for one in tool_results(model, "Retire the two"))
    assert done["after"] == "retired" and refused["status"] == "rejected"
    assert after.answer == "One is retired, one is kept."
    assert {one.state for one in rows(actor, ToolCall)} == {"done", "denied"}


def tool_results(model, question):
    return [one for one in model.asked(question)[-1]["messages"] if one["role"] == "tool"]


def resume(actor, told):
    return resuming.resume(actor, thread_id=told.thread_id, run_id=told.run_id)


async def test_two_last_decisions_at_the_same_moment_begin_one_run(actor, model, fleet):
    calls = [("retire_sim", {"sim": fleet[name].iccid}) for name in ("heavy", "second", "named", "light")]
    model.script("Retire four", call_tools(*calls), say("All four."))
    told = await ask(actor, "Retire four")
    waiting = rows(actor, Approval)

    def approve(number):
        try:
            return approve_call(actor, approval=number).state
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(approve, [one.pk for one in waiting])) == ["done"] * 4
    assert len(rows(actor, Run, resumes=told.run_id)) == 1
    assert len(rows(actor, AuditEvent, service="retire_sim", outcome="done")) == 4
    assert (await go_on(actor, told.run_id)).answer == "All four."


async def test_whoever_hears_it_again_begins_nothing(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    for _ in range(3):
        await in_thread(relay.hear, actor.organization_id, "approval", [approval.pk])
    again = [await in_thread(resume, actor, told) for _ in range(2)]
    [run] = rows(actor, Run, resumes=told.run_id)
    assert {one.run_id for one in again} == {run.pk}


async def test_a_question_asked_meanwhile_comes_first(actor, fleet):
    told = await ask(actor, BULK)
    await ask(actor, "How many SIMs do I have?", thread_id=told.thread_id)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    assert rows(actor, Run, resumes=told.run_id) == []
    with pytest.raises(Conflict, match="nothing to go on with"):
        await in_thread(resume, actor, told)


async def test_a_question_is_not_accepted_while_the_answer_goes_on(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    with pytest.raises(Conflict, match="still answering"):
        await in_thread(ask_only, actor, told.thread_id)
    await go_on(actor, told.run_id)


def ask_only(actor, thread_id):
    return threads.ask(actor, text="How many SIMs?", thread_id=thread_id)


async def test_a_decision_that_nobody_heard_of_is_found(actor, fleet, monkeypatch):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    with monkeypatch.context() as deaf:
        deaf.setattr("iotsim.core.events._listeners", [])
        await decide(actor, approve_call, approval=approval.pk)
    assert rows(actor, Run, resumes=told.run_id) == []
    assert await in_thread(resuming.look_at_all, actor.organization_id) == 1
    assert (await go_on(actor, told.run_id)).state == "done"
    assert await in_thread(resuming.look_at_all, actor.organization_id) == 0


async def test_a_stranger_resumes_nothing(actor, make_actor, other_organisation, fleet):
    told = await ask(actor, BULK)
    for stranger in (
        await in_thread(make_actor, "owner"),
        await in_thread(make_actor, "owner", organisation=other_organisation),
    ):
        with pytest.raises(NotFound):
            await in_thread(resume, stranger, told)


async def test_stopped_before_it_goes_on_it_ends_at_once(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    assert await in_thread(stop, actor, told.thread_id)
    [run] = rows(actor, Run, resumes=told.run_id)
    assert run.state == "stopped"
    assert not await in_thread(QueuedRun.objects.filter(run_id=run.pk).exists)


def stop(actor, thread_id):
    return threads.stop(actor, thread_id=thread_id)


async def test_the_events_are_numbered_without_a_gap(actor, fleet):
    told = await ask(actor, BULK)
    [approval] = rows(actor, Approval)
    await decide(actor, approve_call, approval=approval.pk)
    after = await go_on(actor, told.run_id)
    kept = [*kept_events(actor, told), *kept_events(actor, after)]
    assert [one.payload["type"] for one in kept_events(actor, after)][:3] == [
        "CUSTOM",
        "RUN_STARTED",
        "TOOL_CALL_RESULT",
    ]
    place = 0
    for one in kept:
        assert one.first_seq == place + 1
        place = one.seq
    with_tenant = await in_thread(_events, actor, told.thread_id)
    assert len(with_tenant) == len(kept)


def _events(actor, thread_id):
    with tenant(actor.organization_id):
        return list(RunEvent.objects.filter(thread_id=thread_id))
