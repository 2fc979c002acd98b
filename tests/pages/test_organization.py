"""The organisation's page, and a SIM's usage by hour, day and month."""

import pytest

from iotsim.core.jobs import run_job
from iotsim.core.models import Job, Organization
from iotsim.core.tenancy import tenant
from tests.fleet import make_customer, make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row

PAGE = "/settings/organization/"


@pytest.fixture
def browser(client_for):
    return client_for("owner")


def save(browser, **fields):
    return browser.post(
        "/act/update_organization/", {"fields": "name time_zone currency", **fields}, HTTP_HX_REQUEST="true"
    )


def test_a_stranger_is_asked_to_sign_in_first(client, database):
    assert client.get(PAGE).status_code == 302


def test_it_shows_what_is_and_how_long_usage_is_kept(browser, settings):
    settings.RECORDS_KEPT_DAYS = 200
    text = browser.get(PAGE).content.decode()
    assert 'value="UTC"' in text and 'value="EUR"' in text and '<option value="Europe/Berlin">' in text
    assert "200 days, from" in text and "for ever" in text


def test_it_is_found_among_the_settings(browser):
    assert 'href="/settings/"' in browser.get("/").content.decode()
    assert f'href="{PAGE}"' in browser.get("/settings/", follow=True).content.decode()


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_who_may_not_change_it_sees_no_form(client_for, role):
    text = client_for(role).get(PAGE).content.decode()
    assert '<form method="post" action="/act/update_organization/"' not in text and "Europe/Berlin" not in text
    assert "Owners and admins" in text


def test_a_membership_limited_to_customers_sees_no_form(client_for, organisation):
    limited = client_for("admin", customer_ids=[make_customer(organisation).pk])
    assert "Owners and admins" in limited.get(PAGE).content.decode()


def test_a_new_name_is_saved_at_once_and_can_be_undone(browser, organisation):
    answer = save(browser, name="Nordlicht <b>", time_zone="UTC", currency="EUR")
    assert (
        answer.status_code == 200
        and "Undo" in answer.content.decode()
        and "<b>" not in answer.content.decode().split("Nordlicht")[1][:5]
    )
    organisation.refresh_from_db()
    assert organisation.name == "Nordlicht <b>"


def test_another_zone_is_proposed_first_and_rebuilt_by_a_job(browser, organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(started_at=noon(2))))
    asked = save(browser, name=organisation.name, time_zone="tokyo", currency="EUR")
    text = asked.content.decode()
    assert asked.status_code == 409 and "Change the time zone to Asia/Tokyo" in text and "are rebuilt by a job" in text
    assert "1</b> organisation<" in text
    digest = text.split('name="confirmed" value="')[1].split('"')[0]
    assert save(browser, time_zone="tokyo", name=organisation.name, currency="EUR", confirmed=digest).status_code == 200
    organisation.refresh_from_db()
    assert organisation.time_zone == "Asia/Tokyo"
    waiting = browser.get(PAGE, headers={"HX-Request": "true", "HX-Target": "rebuild"}).content.decode()
    assert "Rebuilding days for Asia/Tokyo" in waiting and "every 1s" in waiting and "Stop" in waiting
    with tenant(organisation.pk):
        job = Job.objects.get(service="rebuild_days")
    run_job(organisation.pk, job.pk)
    text = browser.get(PAGE).content.decode()
    assert "Rebuilding days" not in text and "are those of Asia/Tokyo now." in text


def test_a_stopped_rebuild_offers_to_go_on(browser, organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(started_at=noon(2))))
    with tenant(organisation.pk):
        Job.objects.create(
            organization=organisation, service="rebuild_days", state="stopped", who="me", face="web",
            arguments={"from_zone": "America/New_York"},
        )  # fmt: skip
    text = browser.get(PAGE).content.decode()
    assert "Go on" in text and "every 1s" not in text and "America/New_York" in text


def test_a_zone_that_is_none_is_told_at_its_field(browser, organisation):
    answer = save(browser, name="x", time_zone="Atlantis", currency="EUR")
    assert answer.status_code == 422 and "is not a time zone" in answer.content.decode()
    assert Organization.objects.get(pk=organisation.pk).name == organisation.name


def test_a_sims_usage_by_hour_and_month(browser, organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(started_at=noon(1), bytes_up=2_000_000, bytes_down=0)))
    address = f"/sims/{iccid(1)}/usage/"
    by_day = browser.get(address).content.decode()
    assert "MB a day" in by_day and 'aria-pressed="true">30 days' in by_day
    by_hour = browser.get(address + "?resolution=hour").content.decode()
    assert "MB an hour" in by_hour and 'aria-pressed="true">2 days' in by_hour and f"{noon(1):%b %H:%M}" in by_hour
    by_month = browser.get(address + "?resolution=month").content.decode()
    assert "MB a month" in by_month and f"{noon(1):%b %Y}" in by_month
    assert browser.get(address + "?resolution=minute").status_code == 422
