"""Masking with a real provider: what arrives there, what tools get, what the person sees."""

import json

import pytest

from copilot.models import ThreadMemory
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from sims.models import Sim
from tests.copilot.choosing import choose
from tests.copilot.provider import Reply, call_tools, delta, finish, say, usage
from tests.copilot.running import ask, kept_events, ledger_of, rows
from tests.fleet import make_customer, make_sim

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

SECRETS = {
    "iccid": "8949020000000073450", "imsi": "262011234567890", "imei": "356938035643809", "msisdn": "491701234567",
}  # fmt: skip


@pytest.fixture
def outside(model, settings):
    """The provider under an address that is not this machine's own by name, so that it counts as outside."""
    settings.COPILOT_API_BASE = model.base.replace("127.0.0.1", "0.0.0.0")
    model.bodies.clear()
    return model


@pytest.fixture
def named(organisation):
    """A SIM of a customer with every number there is."""
    customer = make_customer(organisation, "Kesselbach Automaten GmbH")
    return make_sim(organisation, label="crane-1", customer=customer, cycle_bytes=9 * 10**9, **SECRETS)


async def test_nothing_that_names_a_card_or_a_person_leaves(make_actor, outside, named):
    actor = await in_thread(make_actor, "owner")
    question = (
        f"Is {SECRETS['iccid']} (IMSI {SECRETS['imsi']}, IMEI {SECRETS['imei']}, +{SECRETS['msisdn']}) of Kesselbach "
        "Automaten, 10.20.30.40, Hauptstraße 5, 10115 Berlin, mail peter@kesselbach.example, all right?"
    )
    masked = (
        "Is [ICCID_1] (IMSI [IMSI_1], IMEI [IMEI_1], [PHONE_1]) of [CUSTOMER_1], [IP_1], [ADDRESS_1], "
        "mail [EMAIL_2], all right?"
    )
    look = call_tools(("get_sim_details", {"sim": "[ICCID_1]"}))
    outside.script(masked, look, say("SIM [ICCID_1] of [CUSTOMER_2] is fine; write to [email_2]."))
    told = await ask(actor, question)
    assert told.state == "done" and told.calls == [("get_sim_details", "done")], told.events
    assert len(outside.bodies) == 2
    sent = b"\n".join(outside.bodies)
    secrets = [*SECRETS.values(), "Kesselbach", "10.20.30.40", "Hauptstra", "10115", "peter@", actor.name]
    for one in secrets:
        assert one.encode() not in sent and json.dumps(one)[1:-1].encode() not in sent, one
    assert b"[ICCID_1]" in sent and b"crane-1" in sent  # labels stay unless that is wanted otherwise
    assert (
        told.answer
        == f"SIM {SECRETS['iccid']} of Kesselbach Automaten GmbH is fine; write to peter@kesselbach.example."
    )


async def test_tools_get_the_real_values_and_the_rows_keep_them(actor, outside, named):
    change = call_tools(("tag_sims", {"sims": ["[iccid-1]"], "tag": "spare"}))
    outside.script("Tag [ICCID_1]", change, say("Done."))
    told = await ask(actor, f"Tag {SECRETS['iccid']}")
    assert told.calls == [("tag_sims", "done")]
    [event] = rows(actor, AuditEvent, service="tag_sims")
    assert event.arguments["sims"] == [SECRETS["iccid"]]
    assert json.loads(ledger_of(actor, told)[0].arguments)["sims"] == [SECRETS["iccid"]]
    assert "ICCID_1" not in json.dumps([one.payload for one in kept_events(actor, told)])
    [memory] = rows(actor, ThreadMemory)
    assert memory.placeholders["ICCID"] == [SECRETS["iccid"]]


async def test_a_placeholder_means_the_same_in_the_next_question(actor, outside, named):
    outside.script("Look at [ICCID_1]", say("[ICCID_1] is there."))
    first = await ask(actor, f"Look at {SECRETS['iccid']}")
    outside.script("And [ICCID_2]?", say("No, [ICCID_1]."))
    second = await ask(actor, "And 8949020000000099999?", thread_id=first.thread_id)
    assert second.answer == f"No, {SECRETS['iccid']}."
    history = outside.asked("And [ICCID_2]?")[0]["messages"]
    assert [one["content"] for one in history[1:3]] == ["Look at [ICCID_1]", "[ICCID_1] is there. "]


async def test_a_placeholder_split_over_chunks_is_shown_as_what_it_is(actor, outside, named):
    pieces = ["The SIM [", "ICC", "ID_", "1", "] and ", "iccid", "_1 are", " one."]
    outside.script("Split [ICCID_1]", Reply([*(delta(content=one) for one in pieces), finish(), usage()]))
    told = await ask(actor, f"Split {SECRETS['iccid']}")
    assert told.answer == f"The SIM {SECRETS['iccid']} and {SECRETS['iccid']} are one."
    assert all("[" not in one["delta"] for one in told.of("TEXT_MESSAGE_CONTENT"))


async def test_a_placeholder_that_was_never_given_finds_nothing(actor, outside, named):
    made_up = call_tools(("toggle_sim_status", {"sim": "[ICCID_7]", "action": "suspend"}))
    outside.script("Suspend it", made_up, say("There is no [ICCID_7]."))
    told = await ask(actor, "Suspend it")
    assert told.calls == [("toggle_sim_status", "failed")]
    assert told.answer == "There is no [ICCID_7]."
    assert rows(actor, Sim, pk=named.pk)[0].status == "active"


async def test_a_person_who_writes_a_placeholder_means_its_letters(actor, outside, named):
    outside.script("Look at [ICCID_1]", say("Yes."))
    first = await ask(actor, f"Look at {SECRETS['iccid']}")
    outside.script("What is [TEXT_1]?", say("[TEXT_1] is what you wrote."))
    told = await ask(actor, "What is [ICCID_1]?", thread_id=first.thread_id)
    assert told.answer == "[ICCID_1] is what you wrote."


async def test_labels_are_masked_where_the_organisation_wants_it(actor, outside, named):
    await choose(actor, mask_labels=True)
    outside.script("Which are there?", call_tools(("find_sims", {})), say("[LABEL_1]."))
    told = await ask(actor, "Which are there?")
    assert told.answer == "crane-1."
    assert b"crane-1" not in b"".join(outside.bodies)


async def test_what_the_organisation_sends_unmasked_is_sent_as_it_is(actor, outside, named):
    await choose(actor, masking="never")
    outside.script(f"Look at {SECRETS['iccid']}", say("Yes."))
    told = await ask(actor, f"Look at {SECRETS['iccid']}")
    assert told.answer == "Yes." and not rows(actor, ThreadMemory)


async def test_a_model_on_this_machine_is_told_everything(actor, model, named):
    model.script(f"Look at {SECRETS['iccid']}", say("Yes."))
    assert (await ask(actor, f"Look at {SECRETS['iccid']}")).answer == "Yes."


async def test_masking_may_be_wanted_for_every_model(actor, model, named):
    await choose(actor, masking="always")
    model.script("Look at [ICCID_1]", say("[ICCID_1]"))
    assert (await ask(actor, f"Look at {SECRETS['iccid']}")).answer == SECRETS["iccid"]


async def test_the_planner_sees_everything_as_nothing_leaves(actor, settings, named):
    settings.COPILOT_MODEL = ""
    told = await ask(actor, f"Show me SIM {SECRETS['iccid']}")
    assert told.calls and told.calls[0][1] == "done"
    assert not rows(actor, ThreadMemory)


async def test_the_rules_stay_the_same_for_everybody(make_actor, outside, named):
    """Nothing in them is masked by mistake, so that providers can keep them."""
    from copilot.prompt import STABLE

    for role in ("owner", "viewer"):
        await ask(await in_thread(make_actor, role), f"Who am I, {role}?")
    said = [json.loads(one)["messages"][0]["content"] for one in outside.bodies]
    assert len(said) == 2 and all(one.startswith(STABLE) for one in said) and said[0] != said[1]
