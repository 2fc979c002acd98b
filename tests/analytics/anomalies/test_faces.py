"""The same numbers on the page, by REST and in the copilot's answer; what the pages show when there is nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from analytics.services.anomalies import check_anomalies, explain_anomaly, get_anomaly_chart, mark_anomaly
from analytics.services.charts import generate_chart
from iotsim.core import events, registry
from iotsim.core.actor import Actor, Face
from iotsim.core.tenancy import tenant
from sims.models import Alert
from tests.analytics.anomalies.fleet import LAST, Fleet


@pytest.fixture
def fleet(after_a_night) -> Fleet:
    return after_a_night


def worst(actor: Actor):
    return check_anomalies(actor).items[0]


def test_page_rest_and_copilot_say_the_same(fleet, actor, client_for):
    one = worst(actor)
    browser = client_for("owner")
    page = browser.get("/anomalies/").content.decode()
    assert one.words in page and f"/anomalies/{one.id}/" in page and one.sim_name in page
    rest = browser.get("/api/v1/anomalies").json()
    assert (rest["total"], rest["items"][0]["words"]) == (3, one.words)
    copilot = registry.get("check_anomalies").call(Actor(**{**vars(actor), "face": Face.COPILOT}), {})
    assert copilot.result.sentence == check_anomalies(actor).sentence == rest["sentence"]
    told = browser.get(f"/api/v1/anomalies/explanation?anomaly={one.id}").json()
    assert told["words"] == explain_anomaly(actor, anomaly=one.id).words
    detail = browser.get(f"/anomalies/{one.id}/").content.decode()
    assert all(fact["value"] in detail.replace("&#x27;", "'") for fact in told["facts"])


def test_the_chart_shows_the_days_that_were_marked(fleet, actor, client_for):
    row = next(one for one in check_anomalies(actor).items if one.sim_name == "truck-1")
    chart = get_anomaly_chart(actor, anomaly=row.id)
    marked = next(trace for trace in chart.figure["data"] if trace.get("name") == "Marked days")
    assert len(marked["x"]) == row.days == 4 and marked["x"][-1] == LAST.isoformat()
    band = next(trace for trace in chart.figure["data"] if trace.get("name") == "Usual for the weekday")
    assert max(value for value in band["y"] if value) < 5
    linked = [cell[-1].link for cell in chart.rows if cell[-1].link]
    assert linked == [f"/anomalies/{row.id}/"] * 4
    same = generate_chart(actor, chart_type="anomaly_timeline", sim="truck-1", start_date=chart.start_date)
    assert [one[1].value for one in same.rows[-40:]] == [one[1].value for one in chart.rows[-40:]]
    shown = client_for("viewer").get(f"/anomalies/{row.id}/chart/").content.decode()
    assert "data-chart" in shown and "As a table" in shown


def test_the_fleets_timeline_counts_what_the_list_lists(fleet, actor):
    chart = generate_chart(actor, chart_type="anomaly_timeline", start_date=LAST - timedelta(days=60), end_date=LAST)
    drawn = sum(sum(cell.value for cell in row[1:]) for row in chart.rows)
    assert drawn == check_anomalies(actor, since=LAST - timedelta(days=60), status="all").total == 3
    assert "3 new anomalies" in chart.sentence


def test_pages_have_words_for_nothing_and_for_nonsense(organisation, client_for):
    browser = client_for("owner")
    assert "Nothing was looked at yet" in browser.get("/anomalies/").content.decode()
    assert "Nothing unusual lasts" in browser.get("/anomalies/few/").content.decode()
    assert "No such anomaly" in browser.get("/anomalies/?kind=leak").content.decode()
    assert "start without it" in browser.get("/anomalies/?cursor=x").content.decode()
    assert "No SIM is called nowhere-1" in browser.get("/anomalies/?sim=nowhere-1").content.decode()
    assert browser.get("/anomalies/12345678/").status_code == 404
    assert "3 per 10,000 SIM-days" in browser.get("/anomalies/settings/").content.decode()


def test_a_stranger_and_a_viewer_are_held_back(fleet, actor, client_for, other_organisation):
    number = worst(actor).id
    assert client_for("owner", organisation=other_organisation).get(f"/anomalies/{number}/").status_code == 404
    viewer = client_for("viewer")
    assert "Mark" not in viewer.get(f"/anomalies/{number}/").content.decode().split("What people say")[0]
    refused = viewer.post("/act/mark_anomaly/", {"anomaly": number, "mark": "false"})
    assert explain_anomaly(actor, anomaly=number).status == "open" and b"may not" in refused.content.lower()


def test_the_sims_page_and_the_dashboard_tell_of_what_lasts(fleet, client_for):
    browser = client_for("owner")
    few = browser.get(f"/anomalies/few/?sim={fleet.sims[1].iccid}").content.decode()
    assert "Usage spike" in few and "2 last" not in few
    assert "2 last" in browser.get("/anomalies/few/").content.decode()
    assert "/anomalies/few/" in browser.get("/").content.decode()
    assert f"/anomalies/few/?sim={fleet.sims[1].iccid}" in browser.get(f"/sims/{fleet.sims[1].iccid}/").content.decode()


def test_its_alert_leads_to_it(fleet, client_for):
    with tenant(fleet.organization.pk):
        alert = Alert.objects.filter(kind="anomaly").order_by("pk")[0]
    page = client_for("owner").get(f"/alerts/{alert.pk}/").content.decode()
    assert f"/anomalies/{alert.facts['anomaly']}/" in page
    assert "/alerts/" in client_for("owner").get("/alerts/?kind=anomaly").content.decode()


def test_a_label_from_outside_stays_text(fleet, actor, client_for):
    from sims.models import Sim

    with tenant(fleet.organization.pk):
        Sim.objects.filter(pk=fleet.sims[1].pk).update(label="<script>alert(1)</script>")
    for address in ("/anomalies/", f"/anomalies/{worst(actor).id}/", "/anomalies/few/"):
        assert "<script>alert(1)" not in client_for("owner").get(address).content.decode()


@pytest.fixture
def heard() -> Iterator[list[tuple[int, str]]]:
    """What open pages are told meanwhile: the organisation, and the kind of what changed."""
    found: list[tuple[int, str]] = []

    def hear(organization_id: int, kind: str, ids: list[int]) -> None:
        found.append((organization_id, kind))

    events.listen(hear)
    yield found
    events._listeners.remove(hear)


def test_open_pages_hear_of_it(fleet, actor, heard):
    mark_anomaly(actor, anomaly=worst(actor).id, mark="real")
    assert (fleet.organization.pk, "anomaly") in heard
    heard.clear()
    fleet.put(fleet.sims[30], 0, 300)
    fleet.night()
    assert (fleet.organization.pk, "anomaly") in heard and (fleet.organization.pk, "alert") in heard
