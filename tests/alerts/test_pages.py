"""The pages of alerts, rules, pools, nights and notifications; the API says the same."""

import pytest

from iotsim.core.tenancy import tenant
from sims.alerts import watch
from sims.services.alerts import create_alert
from tests.fleet import make_customer, make_plan, make_sim

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client_for):
    return client_for("manager")


@pytest.fixture
def alert(organisation, actor) -> int:
    sim = make_sim(organisation, label="pump-1", customer=make_customer(organisation))
    return create_alert(actor, text="Antenna <b>broken</b>", severity="critical", sim=sim.iccid).id


def text(client, address, **headers) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/alerts/", "/alerts/rules/", "/pools/", "/notifications/"])
def test_each_page_stands_in_its_frame_with_and_without_anything_to_show(browser, client_for, address, alert):
    assert "<h1>" in text(browser, address) and "<h1>" in text(client_for("viewer"), address)


def test_a_stranger_is_asked_to_sign_in(client, database):
    assert client.get("/alerts/").status_code == client.get("/notifications/badge/").status_code == 302


def test_the_list_shows_counts_filters_and_acts_and_escapes_what_people_wrote(browser, alert):
    page = text(browser, "/alerts/?severity=critical")
    assert "Critical 1" in page and "Antenna &lt;b&gt;broken&lt;/b&gt;" in page and "<b>broken" not in page
    assert "/act/change_alerts_in_bulk/?action=resolve" in page and 'data-live="alert"' in page
    rows = text(browser, "/alerts/?status=resolved", **HTMX, **{"HX-Target": "alerts"})
    assert "No such alert" in rows and "<html" not in rows
    assert "is not a member" in text(browser, "/alerts/?assignee=stranger@example.com")


def test_an_alert_has_its_facts_its_history_and_its_acts(browser, client_for, alert):
    page = text(browser, f"/alerts/{alert}/")
    assert "Raised by hand." in page and "pump-1" not in page.split("<h1>")[0] and "Acknowledge" in page
    assert "/act/resolve_alert/" not in text(client_for("viewer"), f"/alerts/{alert}/")
    assert browser.get("/alerts/999999/").status_code == 404


def test_a_button_acknowledges_and_offers_undo(browser, alert):
    answer = browser.post("/act/acknowledge_alert/", {"alert": alert}, headers=HTMX)
    assert (
        answer.status_code == 200 and "is acknowledged" in answer.content.decode() and "Undo" in answer.content.decode()
    )
    assert "Acknowledged" in text(browser, f"/alerts/{alert}/")


def test_many_are_shown_before_they_are_resolved(browser, actor, alert):
    other = create_alert(actor, text="Another").id
    dialog = browser.get(f"/act/change_alerts_in_bulk/?action=resolve&alerts={alert}&alerts={other}", headers=HTMX)
    assert "Resolve 2 alerts" in dialog.content.decode() and "<b>2</b> alerts" in dialog.content.decode()


def test_the_sim_page_and_the_dashboard_lead_to_what_needs_someone(browser, organisation, alert):
    few = text(browser, "/alerts/few/?sim=pump-1")
    assert f'href="/alerts/{alert}/"' in few and "<html" not in few
    page = text(browser, "/")
    assert "What needs someone now" in page and '1<span class="visually-hidden"> waiting' in page


def test_a_sim_shows_its_pool_threshold_and_limit(browser, organisation):
    plan = make_plan(
        organisation, "Shared", quota_bytes=1_000, pooled=True, threshold_percent=70, limit_action="suspend"
    )
    sim = make_sim(organisation, plan=plan, cycle_bytes=500)
    page = text(browser, f"/sims/{sim.iccid}/")
    assert "by 1 SIMs" in page and "70 % of the quota" in page and "it is suspended" in page
    assert "Shared" in text(browser, "/pools/")


def test_the_bell_counts_and_leads(client_for, organisation, actor, make_membership):
    from django.test import Client

    client, member = Client(), make_membership("manager")
    client.force_login(member.user)
    create_alert(actor, text="Fire", severity="critical")
    assert ">1<" in text(client, "/notifications/badge/") and 'data-live-src="/notifications/badge/"' in text(
        client, "/"
    )
    assert "Fire" in text(client, "/notifications/few/") and "Fire" in text(client, "/notifications/?unread=true")
    client.post("/act/mark_notifications_read/", {}, headers=HTMX)
    assert text(client, "/notifications/badge/").strip() == ""


def test_the_night_has_a_page_and_stands_on_the_dashboard(browser, organisation):
    from tests.alerts.test_nights import done

    make_sim(organisation)
    assert "Last night" not in text(browser, "/")
    done(organisation)
    assert "Last night" in text(browser, "/") and "Earlier nights" in text(browser, "/nights/")


def test_more_alerts_cost_no_more_queries(browser, organisation, actor):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    plan = make_plan(organisation, quota_bytes=100)
    make_sim(organisation, plan=plan, cycle_bytes=90)

    def queries() -> int:
        with tenant(organisation.pk):
            watch.check_usage(organisation.pk)
        with CaptureQueriesContext(connection) as captured:
            browser.get("/alerts/")
        return len(captured)

    queries()
    few = queries()
    for _ in range(20):
        make_sim(organisation, plan=plan, cycle_bytes=90)
    assert queries() == few


def test_the_api_lists_acknowledges_and_refuses(organisation, make_membership, alert, client):
    from iotsim.core.keys import create_key

    secret = create_key(make_membership("manager"), name="test")[1]
    headers = {"Authorization": f"Bearer {secret}"}
    listed = client.get("/api/v1/alerts?severity=critical", headers=headers)
    assert listed.status_code == 200 and [one["id"] for one in listed.json()["items"]] == [alert]
    done = client.post(f"/api/v1/alerts/{alert}/acknowledge", {}, content_type="application/json", headers=headers)
    assert done.status_code == 200, done.content
    again = client.post(f"/api/v1/alerts/{alert}/acknowledge", {}, content_type="application/json", headers=headers)
    assert again.status_code == 409 and "acknowledged already" in again.content.decode()
