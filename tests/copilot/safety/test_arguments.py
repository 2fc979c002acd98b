"""Arguments that mean more than they should: other tenants' ids, fields that are nobody's to give, two readings."""

import json

import pytest

from copilot.deltas import Called
from copilot.history import turns_of
from copilot.render import Facts, item_html
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval, AuditEvent
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.copilot.provider import call_tools, say
from tests.copilot.running import ask, ledger_of, rows
from tests.fleet import make_sim

DEEP = '{"sim": ' + "[" * 20_000 + "]" * 20_000 + "}"


@pytest.fixture(autouse=True)
def _real(model):
    """All tests here ask a real model."""


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_sim_details", {"sim": "{iccid}"}),
        ("toggle_sim_status", {"sim": "{iccid}", "action": "suspend"}),
        ("tag_sims", {"sims": ["{iccid}"], "tag": "x"}),
        ("update_quota", {"sim": "{iccid}", "quota": "1 GB"}),
        ("change_status_in_bulk", {"sims": ["{iccid}"], "action": "suspend"}),
        ("retire_sim", {"sim": "{iccid}"}),
        ("generate_chart", {"chart_type": "usage_timeline", "sim": "{iccid}"}),
        ("create_alert", {"sim": "{iccid}", "text": "mine"}),
    ],
)
async def test_another_organisation_s_sim_is_not_there(actor, other_organisation, model, fleet, tool, arguments):
    theirs = await in_thread(make_sim, other_organisation, label="secret pump")
    filled = json.loads(json.dumps(arguments).replace("{iccid}", theirs.iccid))
    model.script(f"Reach with {tool}", call_tools((tool, filled)), say("No."))
    told = await ask(actor, f"Reach with {tool}")
    assert told.calls == [(tool, "failed")]
    assert "secret pump" not in json.dumps(told.events) and rows(actor, Approval) == []

    def theirs_now():
        with tenant(other_organisation.pk):
            return Sim.objects.get(pk=theirs.pk).status

    assert await in_thread(theirs_now) == "active"


@pytest.mark.parametrize(
    "extra",
    [
        {"organization_id": 1}, {"organization": 1}, {"actor": {"role": "owner"}}, {"user_id": 1},
        {"tenant": "other"}, {"customer_ids": None, "role": "owner"}, {"__class__": "Actor"}, {"sim ": "3456"},
    ],
    ids=lambda one: next(iter(one)),
)  # fmt: skip
async def test_a_field_that_is_nobody_s_to_give_is_refused(actor, model, fleet, extra):
    arguments = {"sim": "3456", "action": "suspend", **extra}
    question = f"Smuggle {next(iter(extra))!r}"
    model.script(question, call_tools(("toggle_sim_status", arguments)), say("No."))
    told = await ask(actor, question)
    if {name: one for name, one in extra.items() if one is not None}:
        assert told.calls == [("toggle_sim_status", "failed")]
        assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


@pytest.mark.parametrize(
    "text",
    [
        '{"sim": "3456", "sim": "crane-1", "action": "suspend"}',
        '{"sim": "3456", "action": "activate", "action": "suspend"}',
        '"{\\"sim\\": \\"3456\\", \\"action\\": \\"suspend\\"}"',
        '[{"sim": "3456", "action": "suspend"}]',
        '{"sim": "3456", "action": "suspend"}{"sim": "crane-1", "action": "suspend"}',
        '{"sim": NaN, "action": "suspend"}',
        "{'sim': '3456', 'action': 'suspend'}",
        '```json\n{"sim": "3456", "action": "suspend"}\n```',
        DEEP,
        '{"sim": ' + "9" * 5000 + "}",
        "null",
    ],
    ids=[
        "twice",
        "twice below",
        "a string",
        "a list",
        "two objects",
        "NaN",
        "quotes",
        "a fence",
        "deep",
        "long",
        "null",
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_run(actor, model, fleet, text):
    question = f"Read {hash(text)}"
    model.script(question, call_tools(("toggle_sim_status", text)), say("I could not."))
    told = await ask(actor, question)
    assert told.calls[0] == ("toggle_sim_status", "failed")
    assert rows(actor, AuditEvent, service="toggle_sim_status", outcome="done") == []
    assert {one.status for one in rows(actor, Sim)} == {"active", "suspended"}
    assert len([one for one in rows(actor, Sim) if one.status == "suspended"]) == 1


@pytest.mark.parametrize(
    "wrapped",
    [
        {"sim": {"iccid": "3456"}, "action": "suspend"},
        {"sim": ["3456"], "action": "suspend"},
        {"sim": '{"iccid": "3456"}', "action": "suspend"},
        {"arguments": '{"sim": "3456", "action": "suspend"}'},
        {"sim": "3456", "action": ["suspend"]},
        {"sim": "3456' OR '1'='1", "action": "suspend"},
        {"sim": "%", "action": "suspend"},
        {"sim": "*", "action": "suspend"},
        {"sim": "", "action": "suspend"},
        {"sim": "../../3456", "action": "suspend"},
    ],
    ids=str,
)
async def test_a_value_of_another_shape_names_nothing(actor, model, fleet, wrapped):
    question = f"Shape {wrapped}"
    model.script(question, call_tools(("toggle_sim_status", wrapped)), say("I could not."))
    told = await ask(actor, question)
    assert told.calls[0] == ("toggle_sim_status", "failed")
    assert rows(actor, AuditEvent, service="toggle_sim_status", outcome="done") == []


async def test_another_organisation_s_approval_cannot_be_looked_at(actor, make_actor, other_organisation, model, fleet):
    stranger = await in_thread(make_actor, "owner", organisation=other_organisation)
    pump = await in_thread(make_sim, other_organisation, label="secret pump")
    model.script("Retire mine", call_tools(("retire_sim", {"sim": pump.iccid})))
    await ask(stranger, "Retire mine")
    [approval] = rows(stranger, Approval)
    asked = [(name, {"approval": approval.pk}) for name in ("get_approval", "reject_call")]
    model.script("Look at theirs", call_tools(*asked), say("No."))
    told = await ask(actor, "Look at theirs")
    assert {state for _, state in told.calls} <= {"failed", "denied"}
    assert "secret pump" not in json.dumps(told.events)
    assert rows(stranger, Approval)[0].state == "pending"


async def test_a_member_limited_to_a_customer_reaches_no_other(make_membership, organisation, model, fleet):
    from iotsim.core.actor import Actor, Face
    from tests.fleet import make_customer

    def make():
        mine = make_customer(organisation, "Mine")
        return Actor.for_membership(make_membership("manager", customer_ids=[mine.pk]), face=Face.WEB)

    limited = await in_thread(make)
    model.script(
        "All of it", call_tools(("find_sims", {}), ("get_sim_details", {"sim": fleet["heavy"].iccid})), say("Nothing.")
    )
    told = await ask(limited, "All of it")
    assert told.calls == [("find_sims", "done"), ("get_sim_details", "failed")]
    assert "crane-1" not in json.dumps(told.events)


def test_a_history_with_endless_nesting_is_repaired_and_shown():
    events = [
        {"type": "TEXT_MESSAGE_CHUNK", "messageId": "u1", "role": "user", "delta": "x"},
        {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "find_sims", "parentMessageId": "m1"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": DEEP},
    ]
    [turn] = turns_of(events)
    assert turn[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert Called("c1", "find_sims", DEEP).read() is None
    from copilot.conversation import Item

    data = {"name": "find_sims", "title": "SIMs", "arguments": DEEP, "result": DEEP, "state": "failed"}
    assert "SIMs" in item_html(Item("c1", "call", "1", data), Facts())


async def test_what_was_refused_stands_in_the_ledger_as_it_was_written(actor, model, fleet):
    text = '{"sim": "3456", "sim": "crane-1", "action": "suspend"}'
    model.script("Keep it", call_tools(("toggle_sim_status", text)), say("No."))
    told = await ask(actor, "Keep it")
    [row] = ledger_of(actor, told)
    assert row.arguments == text and row.state == "failed"
