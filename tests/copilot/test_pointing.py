""" "These", "this one", "here": the built-in planner takes what the page and the files say, and nothing else."""

import io
from datetime import timedelta

import pytest

from copilot.attachments import attach
from copilot.context import PageContext
from iotsim.core.actor import Actor
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval
from sims.models import Sim
from sims.usage import local_today
from tests.copilot.running import Told, ask, ledger_of, rows
from tests.fleet import make_customer, make_sim, use
from tests.intake.test_photos import as_file, code


def said(**raw: object) -> PageContext:
    return PageContext.said(raw)


async def give(actor: Actor, content: bytes, name: str = "list.csv") -> int:
    given = await in_thread(attach, actor, name=name, content=io.BytesIO(content), size_bytes=len(content))
    return given.id


def proposed(actor: Actor, told: Told) -> dict[str, object]:
    """The facts on the card of the only request."""
    assert [state for _, state in told.calls] == ["awaiting_approval"], (told.calls, told.answer, told.error)
    [call] = ledger_of(actor, told)
    return rows(actor, Approval, pk=call.approval_id)[0].proposal


async def test_suspend_these_proposes_exactly_the_ticked_two(actor, fleet):
    ticked = [fleet["heavy"].iccid, fleet["light"].iccid]
    told = await ask(actor, "Suspend these", context=said(path="/sims/?status=active", selected=ticked))
    facts = proposed(actor, told)
    assert facts["count"] == 2
    assert sorted(one["link"] for one in facts["changes"]) == sorted(f"/sims/{one}/" for one in ticked)


async def test_suspend_these_goes_by_the_filter_when_all_that_fit_are_chosen(actor, fleet):
    context = said(path="/sims/", filters={"min_usage": "5 GB"}, everything=True)
    facts = proposed(actor, await ask(actor, "Suspend these", context=context))
    assert facts["count"] == 3


async def test_why_is_this_one_high_explains_the_sim_of_the_page(actor, fleet):
    today = local_today(actor)
    for back in range(60):
        await in_thread(use, fleet["heavy"], today - timedelta(days=back), 10**8 if back < 5 else 10**6)
    told = await ask(actor, "Why is this one high?", context=said(path=f"/sims/{fleet['heavy'].iccid}/"))
    assert told.calls == [("explain_usage", "done")], told.answer
    assert "SIM crane-1 used" in told.answer and "times its usual" in told.answer


async def test_a_list_is_suspended_and_the_card_names_the_count(actor, fleet):
    known = [fleet["heavy"].iccid, fleet["second"].iccid, fleet["light"].iccid]
    number = await give(actor, "\n".join(["iccid", *known, "8944500102030000079"]).encode())
    facts = proposed(actor, await ask(actor, "Suspend these", context=said(path="/sims/", attachments=[number])))
    assert facts["summary"] == "Suspend 3 SIMs"


async def test_a_list_is_tagged(actor, fleet):
    number = await give(actor, f"{fleet['heavy'].iccid}\n{fleet['light'].iccid}\n".encode())
    facts = proposed(actor, await ask(actor, "tag these as north", context=said(attachments=[number])))
    assert facts["count"] == 2 and "north" in str(facts["summary"])


async def test_what_did_these_use(actor, fleet):
    for name, amount in (("heavy", 5), ("light", 7)):
        await in_thread(use, fleet[name], local_today(actor), amount * 10**6)
    number = await give(actor, f"{fleet['heavy'].iccid}\n{fleet['light'].iccid}\n".encode())
    told = await ask(actor, "How much have these used in the last 30 days?", context=said(attachments=[number]))
    assert told.calls == [("get_usage_of_sims", "done")], told.answer
    assert "2 SIMs used 12.0" in told.answer


async def test_a_photo_is_this_sim(actor, organisation):
    sim = await in_thread(make_sim, organisation, iccid="8944500102030000103", label="truck-17")
    number = await give(actor, as_file(code(sim.iccid)).read(), "card.png")
    told = await ask(actor, "Suspend this SIM", context=said(path="/sims/", attachments=[number]))
    assert told.calls == [("toggle_sim_status", "done")], told.answer
    assert rows(actor, Sim, pk=sim.pk)[0].status == "suspended"


async def test_its_sims_on_a_customers_page_are_that_customers(actor, organisation, fleet):
    customer = await in_thread(make_customer, organisation, "Orbit Freight")
    theirs = await in_thread(make_sim, organisation, iccid="8944500102030000111", customer=customer)
    told = await ask(actor, "Suspend all of its SIMs", context=said(path=f"/customers/{customer.pk}/"))
    facts = proposed(actor, told)
    assert [one["link"] for one in facts["changes"]] == [f"/sims/{theirs.iccid}/"]


@pytest.mark.parametrize("context", [PageContext(), said(path="/audit/", selected=["no such SIM"])])
async def test_with_nothing_known_nothing_is_guessed(actor, fleet, context):
    told = await ask(actor, "Suspend these", context=context)
    assert all(state == "failed" for _, state in told.calls) and told.answer
    assert not rows(actor, Approval)
