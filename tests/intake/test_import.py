"""Usage comes in: counted once, corrected where it comes again with other values, added up by day, shown on its SIM."""

from datetime import date, timedelta

import pytest

from iotsim.core.tenancy import tenant
from sims.models import Operator, Sim, StatusChange
from sims.services.intake import get_intake, list_intakes
from tests.fleet import make_plan, make_sim
from tests.intake.samples import ago, bics, bics_row, bring_in, iccid, noon, own, own_row
from tests.intake.state import days, every_byte, rows


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, iccid=iccid(1), status="test_ready", imsi="206281000153009")


def again(sim):
    with tenant(sim.organization_id):
        return Sim.objects.select_related("operator").get(pk=sim.pk)


def stamp(when):
    return f"{when:%Y-%m-%d %H:%M:%S}"


def test_a_file_makes_records_days_and_what_the_sim_shows(organisation, actor, sim):
    job = bring_in(actor, bics(bics_row(up=1000, down=5000), bics_row(up=1, down=2, timestamp=stamp(noon(2)))))
    assert job.state == "done", job.error
    assert job.result["sentence"] == "usage.csv: 2 new rows."
    assert job.result["first_at"].startswith(f"{noon(3):%Y-%m-%dT%H:%M:%S}")
    assert days(organisation) == [
        (iccid(1), noon(3).date(), 1000, 5000, 1, 0, 0),
        (iccid(1), noon(2).date(), 1, 2, 1, 0, 0),
    ]
    shown = again(sim)
    assert (shown.imei, shown.country, shown.last_seen_at, shown.cycle_as_of) == (
        "352099001761481", "BE", noon(2), noon(2),
    )  # fmt: skip
    assert shown.operator and shown.operator.name == "Proximus"


def test_usage_of_the_cycle_counts_from_the_plans_billing_day_in_the_organisations_zone(make_organisation, make_actor):
    organisation = make_organisation("Tokyo", time_zone="Asia/Tokyo")
    today = (ago(0) + timedelta(hours=9)).date()
    plan = make_plan(organisation, billing_day=today.day)
    sim = make_sim(organisation, iccid=iccid(1), plan=plan)
    rows = [own_row(started_at=ago(age), bytes_up=up, bytes_down=0) for age, up in ((0, 7), (2, 100))]
    job = bring_in(make_actor(organisation=organisation), own(*rows))
    assert job.state == "done", job.error
    shown = again(sim)
    assert (shown.cycle_bytes, shown.cycle_start_date) == (7, today)


def test_a_file_twice_changes_nothing(organisation, actor, sim):
    content = bics(*[bics_row(up=n, timestamp=stamp(noon(n))) for n in range(1, 20)], bics_row(iccid=iccid(9)))
    bring_in(actor, content)
    before = every_byte(organisation)
    job = bring_in(actor, content)
    assert job.result["new"] == job.result["corrections"] == 0
    assert job.result["duplicates"] == 20
    assert every_byte(organisation) == before


def test_the_same_row_twice_in_a_file_counts_once(organisation, actor, sim):
    job = bring_in(actor, own(own_row(), own_row()))
    assert (job.result["new"], job.result["duplicates"]) == (1, 1)
    assert days(organisation) == [(iccid(1), noon(3).date(), 1000, 5000, 1, 0, 0)]


def test_a_row_that_comes_again_with_other_values_corrects_the_first(organisation, actor, sim):
    bring_in(actor, own(own_row(bytes_up=1000), own_row(started_at=noon(4), bytes_up=1)))
    record = rows(organisation, "SELECT id FROM sims_usagerecord WHERE bytes_up = 1000")
    job = bring_in(actor, own(own_row(bytes_up=300, ended_at=noon(3) + timedelta(hours=1))))
    assert (job.result["new"], job.result["corrections"]) == (0, 1)
    assert rows(organisation, "SELECT id FROM sims_usagerecord WHERE bytes_up = 300") == record
    assert [(day, up) for _, day, up, *_ in days(organisation)] == [(noon(4).date(), 1), (noon(3).date(), 300)]


def test_a_correction_to_nothing_takes_the_day_away_from_the_sum(organisation, actor, sim):
    bring_in(actor, bics(bics_row(), bics_row(timestamp=stamp(noon(2)))))
    bring_in(actor, bics(bics_row(up=0, down=0, count=0)))
    assert [day for _, day, *_ in days(organisation)] == [noon(2).date()]


def test_a_file_with_a_row_and_its_correction_may_come_again(organisation, actor, sim):
    content = own(own_row(bytes_up=5), own_row(bytes_up=6))
    job = bring_in(actor, content)
    assert (job.result["new"], job.result["corrections"]) == (1, 1)
    before = every_byte(organisation)
    bring_in(actor, content)
    assert every_byte(organisation) == before


def test_corrections_across_blocks_of_a_file_that_comes_again_end_where_they_began(
    organisation, actor, sim, monkeypatch
):
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 200)
    content = own(own_row(bytes_up=5), own_row(started_at=noon(5)), own_row(bytes_up=6))
    bring_in(actor, content)
    before = every_byte(organisation)
    bring_in(actor, content)
    assert every_byte(organisation) == before


def test_late_and_unordered_rows_add_up_like_ordered_ones(make_organisation, make_actor):
    values = [own_row(started_at=noon(n % 6 + 1) + timedelta(minutes=n), bytes_up=n) for n in range(1, 30)]
    sums = []
    for order in (values, values[::-1]):
        organisation = make_organisation("Order")
        make_sim(organisation, iccid=iccid(1))
        actor = make_actor(organisation=organisation)
        bring_in(actor, own(*order[:13]))
        bring_in(actor, own(*order[13:]))
        sums.append(days(organisation))
    assert sums[0] == sums[1]


def test_a_session_across_local_midnight_is_split_and_can_be_corrected(make_organisation, make_actor):
    organisation = make_organisation("Berlin", time_zone="Europe/Berlin")
    make_sim(organisation, iccid=iccid(1))
    actor = make_actor(organisation=organisation)
    midnight = rows(
        organisation, "SELECT date_trunc('day', now() AT TIME ZONE 'Europe/Berlin' - interval '3 days') "
        "AT TIME ZONE 'Europe/Berlin'"
    )[0][0]  # fmt: skip
    start, end = midnight - timedelta(hours=1), midnight + timedelta(hours=3)
    bring_in(actor, own(own_row(started_at=start, ended_at=end, bytes_up=400, bytes_down=0)))
    assert [up for _, _, up, *_ in days(organisation)] == [100, 300]
    bring_in(actor, own(own_row(started_at=start, ended_at=midnight + timedelta(hours=1), bytes_up=500, bytes_down=0)))
    assert [up for _, _, up, *_ in days(organisation)] == [250, 250]


def test_messages_and_calls_do_not_count_as_bytes(organisation, actor, sim):
    sms = bics_row(serviceTypeName="SMS", count=3, volumeTotal="", volumeUplink="", volumeDownlink="")
    call = bics_row(serviceTypeName="VOICE", volumeTotal=61, volumeUplink="", volumeDownlink="")
    bring_in(actor, bics(sms, call))
    assert days(organisation) == [(iccid(1), noon(3).date(), 0, 0, 0, 3, 61)]
    assert again(sim).cycle_bytes == 0


@pytest.mark.parametrize("traffic", [{"up": 1}, {"serviceTypeName": "SMS", "volumeTotal": "0", "up": 0, "down": 0}])
def test_a_sim_that_is_ready_for_test_becomes_active_with_its_first_traffic(organisation, actor, sim, traffic):
    bring_in(actor, bics(bics_row(**traffic)))
    shown = again(sim)
    assert (shown.status, shown.status_reason) == ("active", "first_traffic")
    assert shown.activated_at and shown.status_changed_at
    with tenant(organisation.pk):
        [change] = StatusChange.objects.filter(sim=sim)
    assert (change.from_status, change.to_status, change.reason, change.state) == (
        "test_ready", "active", "first_traffic", "confirmed",
    )  # fmt: skip


def test_a_session_without_a_byte_is_no_first_traffic(organisation, actor, sim):
    bring_in(actor, bics(bics_row(up=0, down=0)))
    assert again(sim).status == "test_ready"


@pytest.mark.parametrize("status", ["inventory", "suspended", "inactive", "retired"])
def test_traffic_changes_no_other_status(organisation, actor, status):
    sim = make_sim(organisation, iccid=iccid(1), status=status)
    bring_in(actor, own(own_row()))
    assert again(sim).status == status


def test_older_usage_does_not_overwrite_where_a_sim_was_last(organisation, actor, sim):
    bring_in(actor, own(own_row(started_at=noon(2), imei="352099001761481", mcc="262", mnc="01")))
    bring_in(actor, own(own_row(started_at=noon(5), imei="490154203237518", mcc="208", mnc="01")))
    shown = again(sim)
    assert (shown.imei, shown.country, shown.last_seen_at) == ("352099001761481", "DE", noon(2))


def test_a_network_that_is_not_known_keeps_its_code_and_gives_its_country(organisation, actor, sim):
    bring_in(actor, own(own_row(mcc="262", mnc="999")))
    assert rows(organisation, "SELECT operator_id, network FROM sims_usagerecord") == [(None, "262-999")]
    assert again(sim).country == "DE"


def test_a_sim_without_any_network_is_taken_to_be_at_home(organisation, actor, sim):
    bring_in(actor, own(own_row()))
    shown = again(sim)
    assert shown.country == "BE" and shown.operator
    assert (shown.operator.mcc, shown.operator.mnc) == ("206", "28") or shown.operator.mcc == "206"


def test_an_operators_name_with_its_country_is_understood(organisation, actor, sim):
    bring_in(actor, bics(bics_row(visitedOperatorName="Orange France")))
    [(operator_id,)] = rows(organisation, "SELECT operator_id FROM sims_usagerecord")
    assert Operator.objects.get(pk=operator_id).country == "FR"


def test_a_card_is_found_with_or_without_its_check_digit(organisation, actor):
    make_sim(organisation, iccid=iccid(1)[:-1])
    job = bring_in(actor, own(own_row(iccid=iccid(1))))
    assert job.result["unknown_rows"] == 0 and len(days(organisation)) == 1


def test_a_row_without_a_card_is_found_by_an_imsi_that_one_sim_has(organisation, actor, sim):
    make_sim(organisation, iccid=iccid(2), imsi="206280000000002")
    make_sim(organisation, iccid=iccid(3), imsi="206280000000002")
    found = bics_row(iccid="")
    shared = bics_row(iccid="", imsi="206280000000002")
    job = bring_in(actor, bics(found, shared))
    assert job.result["unknown_rows"] == 1
    assert [card for card, *_ in days(organisation)] == [iccid(1)]


def test_refused_rows_are_listed_with_number_column_reason_and_line(organisation, actor, sim):
    content = own(own_row(), own_row(iccid="8.98E+18"), own_row(started_at=noon(1), bytes_up="-1"))
    job = bring_in(actor, content, name="march.csv")
    assert (job.result["new"], job.result["refused"], job.result["rows"]) == (1, 2, 3)
    shown = get_intake(actor, intake=job.result["id"])
    assert [(row.row_number, row.column) for row in shown.refused_rows] == [(3, "iccid"), (4, "bytes_up")]
    assert "a spreadsheet has rounded this number" in shown.refused_rows[0].reason
    assert shown.refused_rows[0].raw_line == content.splitlines()[2]
    assert shown.name == "march.csv" and "2 refused" in shown.sentence


def test_refused_rows_come_in_pages(organisation, actor):
    job = bring_in(actor, own(*[own_row(bytes_up="x")] * 7))
    first = get_intake(actor, intake=job.result["id"], limit=5)
    second = get_intake(actor, intake=job.result["id"], limit=5, cursor=first.next_cursor)
    assert [row.row_number for row in [*first.refused_rows, *second.refused_rows]] == [2, 3, 4, 5, 6, 7, 8]
    assert second.next_cursor is None


def test_no_more_refused_rows_are_kept_than_fit_but_all_are_counted(organisation, actor, monkeypatch):
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 60_000)
    monkeypatch.setattr("sims.intake.register.MOST_KEPT", 1000)
    job = bring_in(actor, own(*[own_row(bytes_up="x")] * 2500))
    assert job.result["refused"] == 2500
    assert rows(organisation, "SELECT count(*) FROM sims_refusedrow") == [(1000,)]


def test_the_files_brought_in_are_listed_newest_first(organisation, actor, sim):
    bring_in(actor, own(own_row()), name="first.csv")
    bring_in(actor, "a,b\n1,2\n", name="second.csv")
    page = list_intakes(actor)
    assert [(one.name, one.state) for one in page.items] == [("second.csv", "refused"), ("first.csv", "done")]
    assert page.items[1].who == actor.name and page.items[1].format_title == "iotsim usage"


def test_left_out_columns_and_how_the_file_was_read_are_noted(organisation, actor, sim):
    content = own(own_row()).replace("currency", "currency;mood").replace(",", ";").replace("\n", "\r\n")
    content = content.replace(";5000;;;;;;;", ";5000;;;;;;;;happy").encode("utf-16")
    notes = " ".join(bring_in(actor, content).result["notes"])
    assert "UTF-16" in notes and "semicolons" in notes and "mood" in notes


def test_progress_is_shown_while_a_file_comes_in(organisation, actor, sim):
    job = bring_in(actor, own(*[own_row(started_at=noon(3) + timedelta(seconds=n)) for n in range(50)]))
    assert (job.done, job.total) == (50, 50)


def test_the_zone_of_the_organisation_decides_the_day(make_organisation, make_actor):
    organisation = make_organisation("Auckland", time_zone="Pacific/Auckland")
    make_sim(organisation, iccid=iccid(1))
    bring_in(make_actor(organisation=organisation), own(own_row(started_at=noon(3).replace(hour=20))))
    [(_, day, *_)] = days(organisation)
    assert day == noon(3).date() + timedelta(days=1)
    assert isinstance(day, date)
