"""The page that says how a question was answered: its steps, who may see it, where it is linked."""

import json

import pytest
from django.utils import timezone

from copilot import threads
from copilot.models import ModelCall, Run, ToolCall
from copilot.services.runs import get_run, list_runs
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import NotFound
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval
from iotsim.core.services import approve_call, list_audit_events
from iotsim.core.tenancy import tenant
from tests.copilot.provider import call_tools, fails, say
from tests.copilot.running import ask, rows

# Warnings of litellm's own, about pydantic.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


async def run_of(actor, told):
    return await in_thread(get_run, actor, run=told.run_id)


async def test_every_step_is_shown_in_order_with_its_place_in_time(actor, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    found = await run_of(actor, told)
    kinds = [one.kind for one in found.steps if one.kind != "wait"]
    assert kinds == ["model", "tool", "model"]
    tool = next(one for one in found.steps if one.kind == "tool")
    assert tool.name == "find_sims" and tool.state == "done"
    assert json.loads(tool.arguments) == {"min_usage": 5_000_000_000}
    assert json.loads(tool.result)["total"] == 3
    assert found.answer == told.answer
    for one in found.steps:
        assert 0 <= one.left <= 100 and 0 < one.width <= 100.5 and one.left + one.width <= 100.5
    assert [one.start_ms for one in found.steps] == sorted(one.start_ms for one in found.steps)


async def test_a_model_call_that_left_a_row_is_shown_from_it(actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    [run] = rows(actor, Run, pk=told.run_id)

    def write():
        with tenant(actor.organization_id):
            ModelCall.objects.filter(run_id=run.pk).delete()
            ModelCall.objects.create(
                organization_id=actor.organization_id, run_id=run.pk, thread_id=run.thread_id, user_id=actor.user_id,
                step=1, model="openai/gpt-4o-mini", provider="openai", state="done", cost="0.000123",
                input_tokens=1200, cached_tokens=1000, output_tokens=34, first_token_ms=210, duration_ms=900,
            )  # fmt: skip
            ModelCall.objects.create(
                organization_id=actor.organization_id, run_id=run.pk, thread_id=run.thread_id, user_id=actor.user_id,
                step=2, model="openai/gpt-4o", provider="openai", state="failed", error="It is down.", duration_ms=5,
            )  # fmt: skip

    await in_thread(write)
    first, second = [one for one in (await run_of(actor, told)).steps if one.kind == "model"]
    assert (first.model, first.input_tokens, first.cached_tokens, first.output_tokens) == (
        "openai/gpt-4o-mini", 1200, 1000, 34
    )  # fmt: skip
    assert first.first_token_ms == 210 and first.cost == pytest.approx(0.000123)
    assert second.state == "failed" and second.error == "It is down."


async def test_an_approval_and_its_outcome_are_shown_with_the_tool(actor, fleet):
    told = await ask(actor, "Retire the SIM ending in 3456")
    [approval] = rows(actor, Approval)
    waiting = next(one for one in (await run_of(actor, told)).steps if one.kind == "tool")
    assert (waiting.state, waiting.approval, waiting.approval_state) == ("awaiting_approval", approval.pk, "pending")
    await in_thread(approve_call.call, actor, {"approval": approval.pk})
    decided = next(one for one in (await run_of(actor, told)).steps if one.kind == "tool")
    assert (decided.approval_state, decided.decided_by) == ("done", actor.name)
    assert decided.event == rows(actor, ToolCall)[0].event_id


async def test_a_failed_run_says_why(actor, model):
    model.script("Fail me", fails(401))
    told = await ask(actor, "Fail me")
    found = await run_of(actor, told)
    assert found.state == "failed" and "refused the key" in found.error


def test_a_run_that_has_not_begun_has_no_step_but_waiting(actor):
    asked = threads.ask(actor, text="Is anybody there?")
    found = get_run(actor, run=asked.run_id)
    assert not found.is_over and {one.kind for one in found.steps} <= {"wait"}


def test_people_see_their_own_runs_and_admins_everybody_s(make_membership):
    people = {role: Actor.for_membership(make_membership(role), face=Face.WEB) for role in ("admin", "analyst")}
    asked = threads.ask(people["analyst"], text="A question of the analyst")
    threads.ask(people["admin"], text="A question of the admin")
    assert [one.question for one in list_runs(people["analyst"]).items] == ["A question of the analyst"]
    seen = list_runs(people["admin"])
    assert seen.sees_all and len(seen.items) == 2
    assert get_run(people["admin"], run=asked.run_id).who == people["analyst"].name


def test_another_person_s_run_is_not_found(make_membership):
    one, other = (Actor.for_membership(make_membership("manager"), face=Face.WEB) for _ in range(2))
    asked = threads.ask(one, text="Mine")
    with pytest.raises(NotFound):
        get_run(other, run=asked.run_id)


def test_another_organisation_s_run_is_not_found(actor, make_actor, other_organisation):
    stranger = make_actor("owner", organisation=other_organisation)
    asked = threads.ask(actor, text="Mine")
    with pytest.raises(NotFound):
        get_run(stranger, run=asked.run_id)
    assert list_runs(stranger).items == []


def test_an_admin_of_some_customers_sees_their_own_only(make_membership):
    limited = Actor.for_membership(make_membership("admin", customer_ids=[1]), face=Face.WEB)
    other = Actor.for_membership(make_membership("viewer"), face=Face.WEB)
    threads.ask(other, text="Not theirs")
    assert not list_runs(limited).sees_all and list_runs(limited).items == []


def test_runs_are_filtered(actor, make_membership):
    other = Actor.for_membership(make_membership("viewer"), face=Face.WEB)
    mine = threads.ask(actor, text="First")
    threads.ask(other, text="Second")
    with tenant(actor.organization_id):
        Run.objects.filter(pk=mine.run_id).update(state="done", model="openai/x", finished_at=timezone.now())
    assert [one.question for one in list_runs(actor, state="done").items] == ["First"]
    assert [one.question for one in list_runs(actor, model="openai/x").items] == ["First"]
    assert [one.question for one in list_runs(actor, who=other.name).items] == ["Second"]
    assert list_runs(actor, day="2020-01-01").items == []
    assert len(list_runs(actor, day=timezone.now().date().isoformat()).items) == 2
    assert [one.question for one in list_runs(actor, thread=mine.thread_id).items] == ["First"]


async def test_the_pages_show_it_and_the_audit_log_leads_there(membership, owner, session_of, fleet):
    from django.test import Client

    told = await ask(owner, "Suspend the SIM ending in 3456")

    def look():
        client = Client()
        client.cookies["iotsim_session"] = session_of(membership)
        page = client.get(f"/copilot/runs/{told.run_id}/")
        listed = client.get("/copilot/runs/")
        audit = client.get("/audit/")
        return page.content.decode(), listed.content.decode(), audit.content.decode()

    page, listed, audit = await in_thread(look)
    assert "How this was answered" in page and "Change SIM status" in page and "<rect" in page
    assert 'style="' not in page.split('id="run"')[1].split("</section>")[0]
    assert "Suspend the SIM ending in 3456" in listed
    assert f"/copilot/runs/{told.run_id}/" in audit
    [event] = [one for one in rows(owner, ToolCall) if one.event_id]
    assert f"/audit/?event={event.event_id}" in page
    found = await in_thread(list_audit_events, owner, event=event.event_id)
    assert [one.copilot_run for one in found.items] == [str(told.run_id)]


async def test_an_answer_links_to_how_it_was_made(owner, fleet):
    from copilot.conversation import fold
    from copilot.render import Facts, item_html
    from copilot.threads import events_of

    told = await ask(owner, "How many SIMs do I have?")

    def render():
        with tenant(owner.organization_id, read_only=True):
            conversation = fold((one.seq, one.payload) for one in events_of(told.thread_id))
        return "".join(item_html(one, Facts(tools=True)) for one in conversation.items.values() if one.kind == "answer")

    assert f'href="/copilot/runs/{told.run_id}/"' in await in_thread(render)


async def test_what_a_model_was_told_stands_on_the_page_escaped(owner, model, membership, session_of, fleet):
    from django.test import Client

    model.script("Labels", call_tools(("find_sims", {})), say("<script>alert(1)</script>"))
    told = await ask(owner, "Labels")

    def look():
        client = Client()
        client.cookies["iotsim_session"] = session_of(membership)
        return client.get(f"/copilot/runs/{told.run_id}/").content.decode()

    page = await in_thread(look)
    assert "<script>alert(1)" not in page and "<img src=x" not in page
    assert "onerror" in page
