"""The main job with the built-in planner: it answers and acts, audited and undoable."""

from decimal import Decimal

import pytest

from copilot.conversation import Item
from copilot.models import ModelCall, Run, RunEvent
from copilot.render import Facts, item_html
from iotsim.core.errors import Invalid
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval, AuditEvent, Job
from iotsim.core.services import approve_call, undo_call
from iotsim.core.tenancy import tenant
from sims.models import Customer, Sim
from tests.copilot.running import ask, kept_events, ledger_of, rows, run_of


async def test_which_sims_use_more_than_5_gb(actor, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    assert told.calls == [("find_sims", "done")]
    assert told.state == "done"
    table = next(one["value"] for one in told.of("CUSTOM") if one["name"] == "table")
    assert [row["cells"][0]["text"] for row in table["rows"]] == [
        fleet[name].iccid for name in ("heavy", "nasty", "second")
    ]
    assert table["rows"][0]["link"] == f"/sims/{fleet['heavy'].iccid}/"
    assert "3 SIMs" in told.answer


@pytest.fixture
def acme(organisation, actor, fleet):
    """A customer with one SIM; and the copilot has cost something."""
    with tenant(organisation.pk):
        acme = Customer.objects.create(organization=organisation, name="Acme")
        Sim.objects.filter(pk=fleet["heavy"].pk).update(customer=acme)
        ModelCall.objects.create(
            organization=organisation, run_id=1, thread_id=1, user_id=actor.user_id, step=1, model="openai/gpt-4o-mini",
            provider="openai", state="done", cost=Decimal("0.25"), input_tokens=1200, cached_tokens=0, output_tokens=50,
        )  # fmt: skip
    return acme


@pytest.mark.parametrize(
    ("question", "service", "heads", "said"),
    [
        ("List our customers", "list_customers", ["Name", "Usage"], "1 customer"),
        ("Which plans do we have?", "list_plans", ["Name", "Usage", "Quota"], "1 plan"),
        ("Tell me about customer Acme", "get_customer", [], "Acme has 1 SIM"),
        ("What did the copilot cost this month?", "get_copilot_spending", ["Day", "Calls", "Cost"], "$0.25"),
    ],
)
async def test_customers_plans_and_spending_are_asked_for(actor, acme, question, service, heads, said):
    told = await ask(actor, question)
    assert told.calls == [(service, "done")] and told.state == "done"
    assert said in told.answer.replace("\u00a0", " ")
    tables = [one["value"] for one in told.of("CUSTOM") if one["name"] == "table"]
    assert [one["label"] for table in tables for one in table["columns"]] == heads


async def test_a_sim_is_renamed_in_words_and_back(actor, fleet):
    told = await ask(actor, "Rename the SIM ending in 3456 to gate-02")
    assert told.calls == [("update_sim", "done")]
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].label == "gate-02"
    [event] = rows(actor, AuditEvent, service="update_sim")
    await in_thread(undo_call, actor, event=event.pk)
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].label == fleet["named"].label


async def test_a_customer_is_added_renamed_and_deleted_in_words(actor, fleet):
    first = await ask(actor, "Add a new customer called Blue Ocean Shipping")
    assert first.calls == [("create_customer", "done")]
    second = await ask(actor, "Rename the customer Blue Ocean Shipping to Red Sea Lines", thread_id=first.thread_id)
    assert second.calls == [("update_customer", "done")]
    assert [one.name for one in rows(actor, Customer)] == ["Red Sea Lines"]
    third = await ask(actor, "Delete the customer Red Sea Lines", thread_id=first.thread_id)
    assert third.calls == [("delete_customer", "done")] and rows(actor, Customer) == []


async def test_suspend_sim_ending_in_3456_happens_is_audited_and_can_be_undone(actor, fleet):
    told = await ask(actor, "Suspend SIM ending in 3456")
    assert told.calls == [("toggle_sim_status", "done")]
    [sim] = rows(actor, Sim, pk=fleet["named"].pk)
    assert sim.status == "suspended"
    [event] = rows(actor, AuditEvent, service="toggle_sim_status")
    assert (event.face, event.who, event.run_id) == ("copilot", actor.name, f"copilot-{told.run_id}")
    undo = told.of("TOOL_CALL_RESULT")[0]["metadata"]["undo_event"]
    assert undo == event.pk
    await in_thread(undo_call, actor, event=undo)
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


async def test_what_happened_is_kept_in_the_conversation(actor, fleet):
    told = await ask(actor, "Suspend SIM ending in 3456")
    kept = [one.payload for one in kept_events(actor, told)]
    assert kept[0]["type"] == "TEXT_MESSAGE_CHUNK" and kept[0]["role"] == "user"
    assert [one for one in kept[1:] if one["type"] != "TEXT_MESSAGE_CONTENT"] == [
        one for one in told.events if one["type"] != "TEXT_MESSAGE_CONTENT"
    ]
    numbers = [one.seq for one in kept_events(actor, told)]
    assert numbers == sorted(set(numbers))
    run = run_of(actor, told)
    assert (run.state, run.model, run.cost) == ("done", "builtin/planner", 0)
    [call] = ledger_of(actor, told)
    assert (call.state, call.name) == ("done", "toggle_sim_status")


async def test_it_remembers_what_it_spoke_of(actor, fleet):
    first = await ask(actor, "Show me the SIM ending in 3456")
    second = await ask(actor, "and suspend it", thread_id=first.thread_id)
    assert second.calls == [("toggle_sim_status", "done")]
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "suspended"
    assert len(rows(actor, Run, thread_id=first.thread_id)) == 2
    numbers = [one.seq for one in rows(actor, RunEvent, thread_id=first.thread_id)]
    assert numbers == sorted(set(numbers))


async def test_my_top_sim_takes_two_calls(actor, fleet):
    told = await ask(actor, "Show the usage history of my top SIM")
    assert [name for name, _ in told.calls] == ["find_sims", "get_usage_history"]
    assert fleet["heavy"].iccid in told.of("TOOL_CALL_ARGS")[1]["delta"]


async def test_it_declines_what_is_out_of_scope_and_says_what_it_can_do(actor, fleet):
    told = await ask(actor, "Write me a poem about the sea")
    assert told.calls == []
    assert "SIMs" in told.answer


async def test_an_unknown_sim_is_said(actor, fleet):
    told = await ask(actor, "Suspend SIM ending in 9999")
    assert told.calls == [("toggle_sim_status", "failed")]
    assert "9999" in told.answer
    assert told.state == "done"


async def test_a_bulk_change_waits_for_a_click_and_happens_with_both_names(actor, make_actor, fleet):
    told = await ask(actor, "Suspend all SIMs using more than 5GB")
    assert told.calls == [("change_status_in_bulk", "awaiting_approval")]
    assert told.state == "waiting"
    assert "click" in told.answer
    assert rows(actor, Sim, pk=fleet["heavy"].pk)[0].status == "active"
    [approval] = rows(actor, Approval)
    finished = told.of("RUN_FINISHED")[0]["outcome"]
    assert finished["type"] == "interrupt" and finished["interrupts"][0]["id"] == f"approval-{approval.pk}"
    card = next(one["value"] for one in told.of("CUSTOM") if one["name"] == "approval")
    assert card["proposal"]["count"] == 3

    manager = await in_thread(make_actor, "manager")
    outcome = await in_thread(approve_call.call, manager, {"approval": approval.pk})
    assert outcome.result.state == "done"
    assert rows(actor, Sim, pk=fleet["heavy"].pk)[0].status == "suspended"
    [event] = rows(actor, AuditEvent, service="change_status_in_bulk", outcome="done")
    assert (event.who, event.approved_by, event.face) == (actor.name, manager.name, "copilot")
    [call] = ledger_of(actor, told)
    assert (call.state, call.event_id) == ("done", event.pk)
    await in_thread(undo_call, actor, event=event.pk)
    assert rows(actor, Sim, pk=fleet["heavy"].pk)[0].status == "active"


async def test_approving_is_for_people_and_the_card_is_shown(actor, fleet):
    first = await ask(actor, "Suspend all SIMs using more than 5GB")
    [approval] = rows(actor, Approval)
    told = await ask(actor, f"approve {approval.pk}", thread_id=first.thread_id)
    assert told.calls == [("approve_call", "denied")]
    assert [one["value"]["id"] for one in told.of("CUSTOM")] == [approval.pk]
    assert rows(actor, Approval)[0].state == "pending"
    assert rows(actor, AuditEvent, service="approve_call")[0].outcome == "denied"


async def test_a_viewer_is_told_that_they_may_not(make_actor, fleet):
    viewer = await in_thread(make_actor, "viewer")
    told = await ask(viewer, "Suspend SIM ending in 3456")
    assert told.calls == [("toggle_sim_status", "denied")]
    assert "viewer" in told.answer


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_an_empty_question_is_refused(actor, text):
    with pytest.raises(Invalid, match="Write a question"):
        await ask(actor, text)


async def test_a_report_is_begun_at_once_and_its_progress_shown(actor, fleet):
    told = await ask(actor, "Give me a usage report for last month as PDF")
    assert told.calls == [("generate_report", "done")]
    [job] = [one["value"] for one in told.of("CUSTOM") if one["name"] == "job"]
    [row] = rows(actor, Job, service="generate_report")
    assert job["id"] == row.pk and row.arguments["format"] == "pdf"
    html = item_html(Item(f"job-{row.pk}", "job", "1", job), Facts())
    assert f'hx-get="/jobs/{row.pk}/"' in html and f"is on its way (job {row.pk})" in html
    assert told.of("TOOL_CALL_RESULT")[0]["metadata"]["undo_event"] is not None
