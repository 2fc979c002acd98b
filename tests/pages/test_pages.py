"""The pages: one service call and one template each; whole for a browser, in part for htmx."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired
from iotsim.core.services import list_jobs
from sims.services.status import change_status_in_bulk
from tests.fleet import make_customer, make_plan, make_sim

PAGES = ["/", "/sims/", "/imports/", "/imports/mappings/", "/reports/", "/approvals/", "/audit/"]


def part(client, address: str, target: str):
    return client.get(address, headers={"HX-Request": "true", "HX-Target": target})


@pytest.fixture
def browser(client_for):
    return client_for("manager")


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_asked_to_sign_in_first(client, database, address):
    answer = client.get(address)
    assert answer.status_code == 302 and answer["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", PAGES)
def test_a_member_sees_the_page_in_its_frame(browser, organisation, address):
    answer = browser.get(address)
    text = answer.content.decode()
    assert answer.status_code == 200 and "<h1>" in text
    assert 'aria-current="page"' in text and organisation.name in text
    assert "script-src 'self'" in answer["Content-Security-Policy"].split("; ")


def test_the_navigation_leads_only_where_one_may_go(client_for):
    assert "Audit log" not in client_for("viewer").get("/").content.decode()


def test_an_empty_fleet_is_told_what_to_do_first(browser):
    assert "No SIMs yet" in browser.get("/").content.decode()
    assert "No SIMs yet" in browser.get("/sims/").content.decode()


def test_every_key_figure_leads_to_the_list_that_makes_it_up(browser, organisation):
    plan = make_plan(organisation, quota_bytes=100)
    make_sim(organisation, label="heavy", plan=plan, cycle_bytes=150)
    make_sim(organisation, label="frugal", plan=plan, cycle_bytes=1)
    text = browser.get("/").content.decode()
    for address in re.findall(r'<a class="stat" href="([^"]+)"', text):
        assert browser.get(address.replace("&amp;", "&")).status_code == 200
    over = browser.get("/sims/?attention=over_quota").content.decode()
    assert "heavy" in over and "frugal" not in over


def test_the_address_carries_every_filter_and_shows_it(browser, organisation):
    make_sim(organisation, label="pump-1", country="DE")
    make_sim(organisation, label="pump-2", country="FR", status="suspended")
    text = browser.get("/sims/?status=suspended&search=pump").content.decode()
    assert "pump-2" in text and "pump-1" not in text
    assert "State: suspended" in text and "Search: pump" in text
    assert 'href="/sims/?search=pump"' in text


def test_htmx_gets_the_rows_alone_and_a_boosted_link_the_whole_page(browser, organisation):
    make_sim(organisation, label="pump-1")
    rows = part(browser, "/sims/", "sims")
    assert "pump-1" in rows.content.decode() and "<html" not in rows.content.decode()
    assert "HX-Request" in rows["Vary"]
    whole = browser.get("/sims/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" in whole.content.decode()


def test_a_filter_that_cannot_be_is_told_in_place_of_the_rows(browser, organisation):
    make_sim(organisation)
    answer = browser.get("/sims/?min_usage=lots")
    assert answer.status_code == 200 and "is not a size" in answer.content.decode()


def test_a_long_list_is_turned_over_by_cursor(browser, organisation):
    for n in range(55):
        make_sim(organisation, label=f"s{n:02}", cycle_bytes=n)
    first = browser.get("/sims/").content.decode()
    following = re.search(r'href="(/sims/\?cursor=[^"]+)"[^>]*>Next', first)[1]
    second = browser.get(following.replace("&amp;", "&")).content.decode()
    assert "50 of 55 SIMs" in first and "5 of 55 SIMs" in second and "First page" in second


def test_a_click_on_a_column_head_asks_for_its_order_and_again_for_the_other_way_round(browser, organisation):
    make_sim(organisation)
    text = browser.get("/sims/").content.decode()
    assert 'aria-sort="descending"' in text and 'href="/sims/?sort=usage"' in text


def test_all_that_fit_can_be_changed_and_nothing_else(browser, organisation):
    for _ in range(2):
        make_sim(organisation, country="DE")
    text = browser.get("/sims/?country=DE&sort=iccid").content.decode()
    assert "/act/change_status_in_bulk/?action=suspend&amp;country=DE&amp;fields=reason" in text or (
        "/act/change_status_in_bulk/?action=suspend&amp;country=DE&fields=reason" in text
    )


def test_a_sim_named_by_its_ending_is_shown_at_its_own_address(browser, organisation):
    sim = make_sim(organisation)
    answer = browser.get(f"/sims/{sim.iccid[-6:]}/")
    assert answer.status_code == 302 and answer["Location"] == f"/sims/{sim.iccid}/"


def test_a_sim_shows_its_state_with_the_reason_and_the_way_out(browser, organisation, make_actor):
    sim = make_sim(organisation, label="pump-1", customer=make_customer(organisation), plan=make_plan(organisation))
    actor = make_actor("manager")
    from sims.services.status import toggle_sim_status

    toggle_sim_status(actor, sim=sim.iccid, action="suspend", reason="Water in the housing")
    text = browser.get(f"/sims/{sim.iccid}/").content.decode()
    assert "Water in the housing" in text and actor.name in text
    assert "Resume it to let it use data again" in text
    assert "cannot be activated" in text  # an act that is not legal now says why


def test_the_usage_of_a_sim_is_a_chart_and_a_table(browser, organisation):
    sim = make_sim(organisation)
    text = browser.get(f"/sims/{sim.iccid}/usage/").content.decode()
    assert 'data-chart="usage-figure"' in text and "As a table" in text and '"type": "bar"' in text


def test_another_organisations_sim_is_not_there(browser, other_organisation):
    sim = make_sim(other_organisation)
    answer = browser.get(f"/sims/{sim.iccid}/")
    assert answer.status_code == 404 and "data-sentence" in answer.content.decode()


def test_a_file_brought_in_is_seen_on_its_way(browser, organisation, make_actor):
    file = SimpleUploadedFile("usage.csv", b"iccid,started_at\n1,2\n")
    answer = browser.post(
        "/imports/", {"service": "import_usage", "file": file}, headers={"HX-Request": "true", "HX-Target": "intakes"}
    )
    text = answer.content.decode()
    assert answer.status_code == 200 and "You may leave this page" in text and 'data-live="intake job"' in text
    assert [job.service for job in list_jobs(make_actor()).items] == ["import_usage"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"service": "import_usage"}, "Choose a file"),
        ({"service": "retire_sim"}, "Say what the file holds"),
        ({"service": "import_usage", "file": SimpleUploadedFile("empty.csv", b"")}, "empty"),
    ],
)
def test_a_file_that_cannot_be_taken_is_answered_with_a_sentence(browser, data, sentence):
    assert sentence in browser.post("/imports/", data).content.decode()


def test_who_may_only_look_is_offered_no_upload_and_may_not_post_one(client_for):
    viewer = client_for("viewer")
    page = viewer.get("/imports/").content.decode()
    assert 'type="file"' not in page[page.index("<main") : page.index("</main>")]  # beside it stands the copilot's own
    file = SimpleUploadedFile("usage.csv", b"iccid\n1\n")
    assert "may not" in viewer.post("/imports/", {"service": "import_usage", "file": file}).content.decode()


def ask_for_a_bulk_change(organisation, actor: Actor) -> int:
    sims = [make_sim(organisation, label=f"pump-{n}").iccid for n in range(2)]
    with pytest.raises(ApprovalRequired) as waiting:
        change_status_in_bulk(actor.at(Face.COPILOT, run=Run(asked=True)), action="suspend", sims=sims)
    return waiting.value.approval.id


def test_what_a_machine_asked_for_waits_with_its_facts(browser, organisation, make_actor):
    actor = make_actor("manager")
    number = ask_for_a_bulk_change(organisation, actor)
    text = browser.get("/approvals/").content.decode()
    assert "Suspend 2 SIMs" in text and actor.name in text and "pump-0" in text and "Can be undone" in text
    assert f'"approval": {number}' in text.replace("&quot;", '"')
    assert "Suspend 2 SIMs" in part(browser, "/approvals/", "waiting").content.decode()


def test_an_approval_runs_once_it_is_given_and_leaves_the_list(browser, organisation, make_actor):
    number = ask_for_a_bulk_change(organisation, make_actor("manager"))
    done = browser.post("/act/approve_call/", {"approval": number}, headers={"HX-Request": "true"})
    assert done.status_code == 200 and "suspended" in done.content.decode()
    assert "Nothing waits for you" in browser.get("/approvals/").content.decode()
    assert "Suspend 2 SIMs" in browser.get("/approvals/?state=done").content.decode()


def test_the_audit_log_names_who_did_what_and_can_be_narrowed(browser, organisation, make_actor):
    ask_for_a_bulk_change(organisation, make_actor("manager"))
    assert "Change status of many SIMs" in browser.get("/audit/").content.decode()
    rows = part(browser, "/audit/?outcome=denied", "events").content.decode()
    assert "No such event" in rows and "<html" not in rows


def test_more_rows_cost_no_more_queries(browser, organisation):
    plan = make_plan(organisation)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/sims/")
        return len(captured)

    make_sim(organisation, plan=plan)
    queries()  # the first request also begins the session
    few = queries()
    for n in range(30):
        make_sim(organisation, label=f"s{n}", plan=plan)
    assert queries() == few


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_the_pages_of_the_account_are_in_our_dress(client, database, address):
    text = client.get(address).content.decode()
    assert 'class="panel"' in text and "app.css" in text


def test_a_wrong_password_is_told_without_saying_which_part(client, database):
    answer = client.post("/accounts/login/", {"login": "nobody@example.com", "password": "wrong"})
    assert answer.status_code == 200 and 'role="alert"' in answer.content.decode()


def test_an_address_that_is_not_there_says_so(browser):
    answer = browser.get("/no-such-page/")
    assert answer.status_code == 404 and "Nothing here" in answer.content.decode()


def test_the_description_of_the_interface_can_be_read_by_its_own_page(browser):
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names))
        return dict(pairs)

    json.loads(browser.get("/api/v1/openapi.json").content, object_pairs_hook=once)
    assert browser.get("/api/v1/docs").status_code == 200
