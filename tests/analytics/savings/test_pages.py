"""The page of savings: what it says before and after a night, for whom, and that it is what the service says."""

import re

import pytest

from analytics.services.savings import apply_recommendations, optimize_quotas
from iotsim.core.registry import get
from tests.analytics.savings.making import advice, foresee, make_used, night
from tests.analytics.savings.test_night import plans  # noqa: F401 (a fixture)
from tests.fleet import make_customer, make_sim


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.content[:300]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def wasteful(organisation, plans):  # noqa: F811
    acme = make_customer(organisation, "Acme")
    sims = [make_used(organisation, 10, 12, 15, plan=plans[1], customer=acme, label=f"pump-{n}") for n in range(2)]
    night(organisation)
    return sims


def test_before_the_first_night_it_says_what_it_is_for(client_for):
    assert "No night has looked for savings yet" in text(client_for(), "/savings/")


def test_it_shows_totals_reasons_and_the_ways_to_act(client_for, actor, wasteful):
    client = client_for()
    shown = text(client, "/savings/")
    assert "€8.00" in shown and "Move it from Large to Small" in shown and "Small costs less up to" in shown
    assert shown.count("€4.00") >= optimize_quotas(actor).total
    assert "Apply all 2" in shown and "pump-1" in shown
    only = client.get(
        "/savings/?customer=Acme&kind=change_plan", headers={"HX-Request": "true", "HX-Target": "savings"}
    )
    assert b"<nav" in only.content and b"<html" not in only.content
    assert "Nothing fits" in text(client, "/savings/?kind=retire_idle")
    assert "There is no customer called Nobody" in text(client, "/savings/?customer=Nobody")


def test_rest_and_the_copilot_say_what_the_service_says(client_for, make_actor, actor, wasteful):
    found = optimize_quotas(actor).model_dump(mode="json")
    assert client_for().get("/api/v1/savings").json() == found
    by_tool = get("optimize_quotas").call(make_actor("owner", "copilot"), {}).result
    assert by_tool.model_dump(mode="json") == found and found["totals"][0]["saving_cents"] == 800


def test_a_viewer_sees_it_and_has_no_buttons(client_for, wasteful):
    shown = text(client_for("viewer"), "/savings/")
    assert (
        "Move it from Large to Small" in shown
        and "Apply all" not in shown
        and "Dismiss" not in shown.replace("Dismissed", "")
    )


def test_the_dialog_is_the_proposal_and_applying_tells_what_was_done(client_for, organisation, wasteful):
    client = client_for()
    ids = [str(one.pk) for one in advice(organisation)]
    dialog = client.get("/act/apply_recommendations/", {"recommendations": ids}, headers={"HX-Request": "true"})
    page = dialog.content.decode()
    assert "Change 2 SIMs, save €8.00" in page and "Large, €5.00" in page and "Can be undone" in page
    digest = re.search(r'name="confirmed" value="(\w+)"', page)
    done = client.post(
        "/act/apply_recommendations/",
        {"recommendations": ids, "confirmed": digest[1]},
        headers={"HX-Request": "true"},
    )
    assert "2 SIMs changed: about €8.00 a month less is expected." in done.content.decode()
    shown = text(client, "/savings/?state=applied")
    assert "not yet" in shown and "2 applied, 0 measured" in shown
    assert "Nothing to save" in text(client, "/savings/")


def test_one_is_dismissed_by_its_button(client_for, organisation, wasteful):
    client = client_for()
    number = advice(organisation)[0].pk
    done = client.post("/act/dismiss_recommendations/", {"recommendations": number}, headers={"HX-Request": "true"})
    assert "1 recommendation dismissed" in done.content.decode()
    assert "pump-" in text(client, "/savings/?state=dismissed")


def test_overage_to_come_has_its_day(client_for, organisation, plans):  # noqa: F811
    from datetime import UTC, datetime

    today = datetime.now(UTC).date()
    sim = make_sim(organisation, plan=plans[0], label="hungry")
    foresee(sim, 150, 150, 150, exhausts_on=today, quota_bytes=100 * 10**6)
    night(organisation)
    shown = text(client_for(), "/savings/")
    assert "Overage to come" in shown and "hungry" in shown and "€1.00" in shown
    line = text(client_for(), f"/savings/sim/?sim={sim.iccid}")
    assert "so far, about €2.00 by its end" in line


def test_a_job_under_way_shows_how_far_it_is(client_for, make_actor, wasteful, monkeypatch):
    monkeypatch.setattr("analytics.savings.applying.ON_THE_SPOT", 1)
    owner = make_actor()
    apply_recommendations.call(owner, {}, confirmed=apply_recommendations.propose(owner, {}).digest)
    assert "You may leave this page; the work goes on." in text(client_for(), "/savings/")


def test_rest_says_the_same(client_for, actor, wasteful):
    found = client_for().get("/api/v1/savings")
    assert found.status_code in (200, 401)
    if found.status_code == 200:
        assert found.json()["totals"] == [one.model_dump() for one in optimize_quotas(actor).totals]
