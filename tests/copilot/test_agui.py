"""AG-UI over HTTP: a real web server, a real runner, a real provider; the events of a run as any program reads them."""

import asyncio
import json

import pytest
from django.utils import timezone

from copilot import agui_input, agui_runs, threads
from copilot.acting import actor_of
from copilot.models import Run, RunEvent, Thread
from iotsim.core.errors import Conflict, Denied
from iotsim.core.guard import in_thread
from iotsim.core.keys import actor_of_key, create_key
from iotsim.core.models import Approval, AuditEvent
from iotsim.core.services import reject_call
from iotsim.core.tenancy import tenant
from tests.copilot.provider import call_tools, say
from tests.copilot.running import rows
from tests.copilot.sse import Program, wanted

pytestmark = pytest.mark.usefixtures("model_runner")

LONG = " ".join(f"w{number}" for number in range(60))


@pytest.fixture
def program(web, membership):
    return Program(web, create_key(membership)[1])


@pytest.fixture
def program_of(web):
    """program_of(membership, scopes): a program with a key of that member."""

    async def make(membership, scopes=None):
        return Program(web, (await in_thread(create_key, membership, scopes=scopes))[1])

    return make


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


async def test_a_request_that_comes_between_its_twin_and_the_conversation_is_the_same_run(program, provider, owner):
    provider.script("Twice at once", say("Only one.", pause=0.05))
    asked = agui_input.read(wanted("Twice at once"))
    first = await in_thread(agui_runs.ask, owner, asked)
    assert await in_thread(agui_runs.ask, owner, asked) == first
    other = agui_input.read(wanted("Another one", thread=asked.thread_id))
    with pytest.raises(Conflict, match="still answering"):
        await in_thread(agui_runs.ask, owner, other)
    assert (await program.follow(asked.thread_id)).answer == "Only one."


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
    text = json.dumps(provider.asked("What is on the page?")[0]["messages"])
    assert "Berlin" in text and "zoom" in text and "forged" not in text


# --- what is refused, and how ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threadId": None}, "threadId"),
        ({"threadId": ""}, "threadId has 1 to 200"),
        ({"runId": "x" * 201}, "runId has 1 to 200"),
        ({"messages": []}, "The last message must be the person's"),
        ({"messages": [{"id": "1", "role": "tool", "toolCallId": "c", "content": "x"}]}, "runs its tools itself"),
        ({"messages": [{"id": "1", "role": "user", "content": "  "}]}, "Write a question"),
        ({"messages": [{"id": "1", "role": "user", "content": [{"type": "image", "source": {}}]}]}, "AG-UI 1.0"),
        ({"tools": [{"name": "fly", "description": "Fly"}]}, "leave tools empty (1 tool given: fly)"),
        ({"messages": "no"}, "messages"),
        ({"threadId": "iotsim:abc"}, "number of a conversation"),
    ],
)
async def test_a_request_that_does_not_fit_is_a_problem_with_a_sentence(program, change, words):
    heard = await program.run(wanted("Hello") | change)
    assert heard.status == 422 and words in heard.problem["detail"], heard.problem


@pytest.mark.parametrize(
    "change",
    [
        {"state": {"x": "\ud800"}},
        {"state": {"x": json.loads("[" * 100 + "]" * 100)}},
        {"threadId": "\ud800"},
        {"runId": "a\0b"},
        {"threadId": {"a": 1}},
        {"context": [{"description": 5}]},
        {"resume": [{"interruptId": "x"}]},
        {"messages": [None]},
        {"state": "\ud800", "messages": []},
    ],
)
async def test_no_request_breaks_the_server(program, change):
    assert (await program.run(wanted("Hello") | change)).status == 422


@pytest.mark.parametrize("body", [None, [], 5, "x", {}, {"threadId": "a", "runId": "b"}])
async def test_a_body_that_is_no_request_is_refused(program, body):
    assert (await program.run(body)).status == 422


async def test_characters_that_cannot_be_kept_are_left_out_of_a_question(program, provider):
    provider.script("Hello there", say("Hello."))
    asked = wanted("Hello\ud800 \0there", context=[{"description": "\ud800", "value": "a\0b"}])
    assert (await program.run(asked)).answer == "Hello."


async def test_a_question_too_long_and_one_too_many_are_problems(program, provider, membership):
    assert (await program.run(wanted("x" * 5000))).status == 413
    for _ in range(10):
        await program.run(wanted("Quick"), until="RUN_STARTED")
    heard = await program.run(wanted("Quick"))
    assert heard.status == 429 and 1 <= int(heard.headers["Retry-After"]) <= 60


async def test_while_an_answer_is_given_another_question_waits(program, provider):
    provider.script("Still busy", say(LONG, pause=0.05))
    asked = wanted("Still busy")
    await program.run(asked, until="w2 ")
    heard = await program.run(wanted("Another one", thread=asked["threadId"]))
    assert heard.status == 409 and "still answering" in heard.problem["detail"]
    elsewhere = await program.run({**wanted("Still busy"), "runId": asked["runId"]})
    assert elsewhere.status == 409 and "another conversation" in elsewhere.problem["detail"]


async def test_ids_are_one_person_s_own(program, program_of, provider, make_membership, owner):
    provider.script("Mine", say("Yours."))
    asked = wanted("Mine", thread="shared-name")
    heard = await program.run(asked)
    colleague = await program_of(await in_thread(make_membership, "admin"))
    number = heard.state["iotsim"]["thread"]["id"]
    assert (await colleague.follow("shared-name")).status == 404
    assert (await colleague.follow(f"iotsim:{number}")).status == 404
    assert (await colleague.stop("shared-name")).status == 404
    assert (await colleague.run(wanted("Mine", thread=f"iotsim:{number}"))).status == 404
    theirs = await colleague.run(wanted("Mine", thread="shared-name"))
    assert theirs.state["iotsim"]["thread"]["id"] != number
    assert (await program.follow(f"iotsim:{number}")).answer == "Yours."


async def test_nobody_and_whoever_may_not_look_are_refused(web, membership, program_of):
    assert (await Program(web).run(wanted("Hello"))).status == 401
    assert (await (await program_of(membership, ["money"])).run(wanted("Hello"))).status == 403


async def test_a_page_with_a_session_needs_the_csrf_token(web, membership, session_of, provider):
    provider.script("From a page", say("Hello, page."))
    token = "a" * 32
    cookies = {"iotsim_session": await in_thread(session_of, membership)}
    assert (await Program(web, cookies=cookies).run(wanted("From a page"))).status == 403
    page = Program(web, cookies={**cookies, "iotsim_csrf": token})
    heard = await page.run(wanted("From a page"), X_CSRFToken=token, Origin=web)
    assert heard.answer == "Hello, page.", heard.problem or heard.error


# --- keys and their scopes ---


async def test_a_run_may_do_no_more_than_the_key_that_asked(membership, program_of, provider, fleet, owner):
    """A key that may only look gives the model nothing that changes, and the guard refuses it all the same."""
    change = ("toggle_sim_status", {"sim": "3456", "action": "suspend"})
    provider.script("Suspend it", call_tools(change), say("I may not."))
    heard = await (await program_of(membership, ["view"])).run(wanted("Suspend it"))
    given = {one["function"]["name"] for one in provider.asked("Suspend it")[0]["tools"]}
    assert "find_sims" in given and "toggle_sim_status" not in given
    assert heard.of("TOOL_CALL_RESULT")[0]["metadata"]["state"] in ("failed", "denied")
    [run] = rows(owner, Run)
    assert run.scopes == ["view"] and run.key_id


async def test_a_key_revoked_before_the_run_begins_runs_nothing(membership, owner):
    def attempt():
        row, key = create_key(membership, scopes=["view"])
        asked = threads.ask(actor_of_key(key), text="Hello", worker="test")
        row.revoked_at = timezone.now()
        row.save()
        with tenant(owner.organization_id):
            run = Run.objects.select_related("thread").get(pk=asked.run_id)
        with pytest.raises(Denied, match="revoked"):
            actor_of(run)

    await in_thread(attempt)


async def test_a_key_that_may_not_approve_is_told_so(membership, program_of, provider, fleet, owner):
    program = await program_of(membership, ["view", "operate"])
    provider.script("Suspend both", call_tools(("change_status_in_bulk", {"action": "suspend", "min_usage": "5GB"})))
    asked = wanted("Suspend both")
    first = await program.run(asked)
    [interrupt] = first.interrupts
    yes = [{"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}]
    heard = await program.run(wanted(thread=asked["threadId"], resume=yes))
    assert heard.kinds == ["RUN_STARTED", "RUN_ERROR"] and "may not" in heard.error
    assert rows(owner, Approval)[0].state == "pending"


# --- interrupts ---


@pytest.fixture
async def waiting(program, provider, fleet):
    """A conversation whose run waits for two decisions."""
    retire = [("retire_sim", {"sim": fleet[name].iccid}) for name in ("heavy", "second")]
    provider.script("Retire both", call_tools(*retire), say("That is settled."))
    asked = wanted("Retire both")
    heard = await program.run(asked)
    assert len(heard.interrupts) == 2
    return asked["threadId"], [one["id"] for one in heard.interrupts]


def answers(ids, **how):
    return [{"interruptId": one, "status": "resolved", **how} for one in ids]


async def test_answers_that_do_not_fit_are_run_errors_and_decide_nothing(program, waiting, owner):
    thread, ids = waiting
    yes = {"payload": {"approved": True}}
    for resume, words in (
        (answers(ids[:1], **yes), "is missing"),
        (answers([*ids, "approval-0"], **yes), "No run of this conversation was interrupted by"),
        (answers(ids, payload={"approve": True}), "an object with approved"),
        (answers(ids), "an object with approved"),
    ):
        heard = await program.run(wanted(thread=thread, resume=resume))
        assert heard.kinds == ["RUN_STARTED", "RUN_ERROR"] and words in heard.error, heard.error
    question = await program.run(wanted("And now something else", thread=thread))
    assert question.kinds == ["RUN_STARTED", "RUN_ERROR"] and "2 requests" in question.error
    assert {one.state for one in rows(owner, Approval)} == {"pending"}


async def test_the_same_answers_again_change_nothing_and_lead_to_the_same_run(program, waiting, owner, fleet):
    thread, ids = waiting
    resume = answers(ids, payload={"approved": True})
    first = await program.run(wanted(thread=thread, resume=resume))
    again = await program.run(wanted(thread=thread, resume=resume))
    assert first.answer == again.answer == "That is settled."
    assert len(rows(owner, AuditEvent, service="retire_sim", outcome="done")) == 2
    other = await program.run(wanted(thread=thread, resume=answers(ids, payload={"approved": False})))
    assert "decided otherwise" in other.error


async def test_what_was_decided_on_a_page_lets_the_program_go_on(program, waiting, owner, fleet):
    thread, ids = waiting
    for one in rows(owner, Approval):
        await in_thread(reject_call.call, owner, {"approval": one.pk})
    resume = [{"interruptId": one, "status": "cancelled"} for one in ids]
    heard = await program.run(wanted(thread=thread, resume=resume))
    assert heard.answer == "That is settled." and heard.events[-1]["type"] == "RUN_FINISHED"
