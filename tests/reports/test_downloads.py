"""Getting the file: from the page, over REST, by a link; and what is refused."""

import asyncio
import json
import logging
import re
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from iotsim.core.jobs import run_job
from iotsim.core.keys import create_key
from iotsim.core.services import list_audit_events, undo_call
from iotsim.core.tenancy import tenant
from sims.models import Report
from sims.reports.sharing import token_for
from sims.services.reports import delete_report, list_reports, share_report
from tests.fleet import make_customer, make_plan, make_sim


@pytest.fixture
def browser(client_for):
    return client_for("manager")


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, label="pump-1")


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_page_offers_a_form_and_makes_what_it_says(browser, actor, organisation, sim):
    make_customer(organisation, "Acme")
    make_plan(organisation, billing_day=15)
    text = browser.get("/reports/").content.decode()
    for words in ("No reports yet", "Last billing cycle", "<option>Acme</option>"):
        assert words in text, words
    period = re.search(r'<option value="(\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d)">Last month', text)[1]
    answer = browser.post(
        "/reports/", {"format": "csv", "period": period, "per": "sim", "title": "", "customer": ""},
        headers={"HX-Request": "true", "HX-Target": "reports"},
    )  # fmt: skip
    shown = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in shown and "Queued" in shown and "every 1s" in shown
    [made] = list_reports(actor).items
    assert f"{made.start_date}/{made.end_date}" == period
    run_job(organisation.pk, made.job_id)
    shown = browser.get("/reports/").content.decode()
    assert f'href="/reports/{made.id}/file/"' in shown and "every 1s" not in shown


def test_filters_come_along_from_the_list_of_sims(browser, organisation, actor, sim):
    assert (
        'href="/reports/?status=active&amp;search=pump"'
        in browser.get("/sims/?status=active&search=pump&sort=iccid").content.decode()
    )
    text = browser.get("/reports/?status=active&search=pump").content.decode()
    assert "State: active" in text and '<input type="hidden" name="search" value="pump">' in text
    browser.post("/reports/", {"format": "json", "search": "pump", "status": "active"})
    assert list_reports(actor).items[0].filters == "active, matching pump"


def test_what_cannot_be_is_told_above_the_list(browser, sim):
    given = {"format": "csv", "start_date": "2026-10-31", "end_date": "2026-10-01", "period": ""}
    assert "begins on 2026-10-31 and ends before that" in browser.post("/reports/", given).content.decode()


def test_a_download_is_a_file_that_no_browser_shows(browser, make_report, sim):
    report, content = make_report(format="csv", title='Usage "of" \r\nall/../')
    answer = browser.get(f"/reports/{report.pk}/file/")
    assert answer.status_code == 200 and body(answer) == content
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r'attachment; filename="usage-of-all-[\d-]+\.csv"', answer["Content-Disposition"])
    assert answer["Content-Length"] == str(len(content)) and "no-store" in answer["Cache-Control"]


def test_a_stranger_signs_in_first_and_another_organisation_finds_nothing(client_for, other_organisation, make_report):
    report, _ = make_report()
    assert Client().get(f"/reports/{report.pk}/file/").status_code == 302
    assert client_for("owner", organisation=other_organisation).get(f"/reports/{report.pk}/file/").status_code == 404


def test_over_rest_a_report_is_asked_for_followed_and_fetched(make_membership, organisation, sim):
    api = Client(headers={"Authorization": f"Bearer {create_key(make_membership('analyst'))[1]}"})
    asked = api.post("/api/v1/reports", json.dumps({"format": "excel"}), content_type="application/json")
    assert asked.status_code == 202 and asked["Location"] == f"/api/v1/jobs/{asked.json()['id']}"
    [waiting] = api.get("/api/v1/reports").json()["items"]
    early = api.get(f"/api/v1/reports/{waiting['id']}/file")
    assert early.status_code == 409 and "waits to start" in early.json()["detail"]
    run_job(organisation.pk, asked.json()["id"])
    assert api.get(asked["Location"]).json()["result"]["id"] == waiting["id"]
    file = api.get(f"/api/v1/reports/{waiting['id']}/file")
    assert file.status_code == 200 and body(file).startswith(b"PK")
    assert file["Content-Type"].endswith("spreadsheetml.sheet") and file["X-Content-Type-Options"] == "nosniff"
    assert Client().get(f"/api/v1/reports/{waiting['id']}/file").status_code == 401


def test_openapi_says_that_the_answer_is_a_file(database):
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    content = paths["/api/v1/reports/{report}/file"]["get"]["responses"]["200"]["content"]
    assert content == {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def test_where_the_storage_keeps_a_file_is_told_to_nobody(actor, make_report):
    from sims.services.reports import get_report_file

    report, _ = make_report()
    assert "stored" not in get_report_file(actor, report=report.pk).model_dump()
    assert str(report.file) not in list_reports(actor).model_dump_json()


def test_a_file_that_the_storage_lost_is_told_in_a_sentence(browser, make_report):
    report, _ = make_report()
    default_storage.delete(str(report.file))
    answer = browser.get(f"/reports/{report.pk}/file/")
    assert answer.status_code == 404 and "Please make it again" in answer.content.decode()


def test_under_asgi_a_file_is_sent_in_pieces(make_report, actor, sim, monkeypatch):
    from iotsim.core import files
    from sims.services.reports import get_report_file

    monkeypatch.setattr(files, "PIECE_BYTES", 100)
    report, content = make_report(format="json")
    answer = files.file_response(get_report_file(actor, report=report.pk))

    async def pieces() -> list[bytes]:
        return [piece async for piece in answer]

    sent = asyncio.run(pieces())
    assert b"".join(sent) == content and len(sent) > 3
    answer.close()


# --- links ---


@pytest.fixture
def link(actor, make_report, sim):
    report, content = make_report(format="csv")
    return report, content, share_report(actor, report=report.pk, hours=2)


def local(url: str) -> str:
    return url[url.index("/shared/") :]


def test_a_link_works_without_signing_in_and_its_making_is_in_the_log(link, actor):
    report, content, made = link
    answer = Client().get(local(made.url))
    assert answer.status_code == 200 and body(answer) == content and answer["X-Content-Type-Options"] == "nosniff"
    assert timedelta(minutes=119) < made.until - timezone.now() <= timedelta(hours=2)
    event = list_audit_events(actor, service="share_report").items[0]
    assert event.outcome == "done" and event.arguments == {"report": report.pk, "hours": 2}
    assert made.url.split("link=")[1] not in event.model_dump_json()


def test_a_link_ends_with_its_hours(link, actor):
    report, _, _ = link
    over = token_for(actor.organization_id, report.pk, timezone.now() - timedelta(seconds=1))
    answer = Client().get("/shared/reports/", {"link": over})
    assert answer.status_code == 404 and "This link is over" in answer.content.decode()


def test_a_link_never_outlives_its_report(actor, make_report, settings):
    settings.REPORT_DAYS = 1
    report, _ = make_report()
    assert share_report(actor, report=report.pk, hours=720).until == report.expires_at


def test_deleting_the_report_ends_its_links_until_it_is_brought_back(link, actor):
    report, _, made = link
    delete_report(actor, report=report.pk)
    assert Client().get(local(made.url)).status_code == 404
    undo_call(actor)
    answer = Client().get(local(made.url))
    assert answer.status_code == 200 and body(answer)
    with tenant(actor.organization_id):
        Report.objects.filter(pk=report.pk).delete()
    assert Client().get(local(made.url)).status_code == 404


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", lambda t: "", lambda t: t.swapcase(), lambda t: "a:b:c"]
)
def test_a_changed_link_leads_nowhere(link, change):
    token = link[2].url.split("link=")[1]
    answer = Client().get("/shared/reports/", {"link": change(token)})
    assert answer.status_code == 404 and "leads nowhere" in answer.content.decode()


def test_a_link_of_one_organisation_opens_nothing_of_another(link, other_organisation):
    report, _, _ = link
    forged = token_for(other_organisation.pk, report.pk, timezone.now() + timedelta(hours=1))
    assert Client().get("/shared/reports/", {"link": forged}).status_code == 404


def test_no_log_line_holds_a_link(link, caplog):
    with caplog.at_level(logging.INFO):
        assert body(Client().get(local(link[2].url)))
    assert link[2].url.split("link=")[1] not in caplog.text


def test_the_dialog_shows_the_link_once(browser, make_report, sim):
    report, _ = make_report()
    asked = browser.get(f"/act/share_report/?report={report.pk}&fields=hours", headers={"HX-Request": "true"})
    assert "For how many hours" in asked.content.decode()
    shown = browser.post("/act/share_report/", {"report": report.pk, "hours": "24"}, headers={"HX-Request": "true"})
    assert "/shared/reports/?link=" in shown.content.decode() and "shown only now" in shown.content.decode()


def test_a_job_follows_itself_to_its_end_as_a_fragment(browser, client_for, organisation, make_report, sim):
    report, _ = make_report()
    done = browser.get(f"/jobs/{report.job_id}/").content.decode()
    assert f'href="/reports/{report.pk}/file/"' in done and "every 1s" not in done
    browser.post("/reports/", {"format": "csv"})
    waiting = browser.get(f"/jobs/{report.job_id + 1}/").content.decode()
    assert ("every 1s" in waiting and "waits to start" in waiting) or "Usage of all SIMs" in waiting
