"""Another time zone: the days are built anew from the records, and no byte is lost or counted twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from iotsim.core.actor import Face
from iotsim.core.errors import ConfirmationRequired, Conflict, Denied, Invalid
from iotsim.core.jobs import RunningJob, run_job
from iotsim.core.models import AuditEvent, Job, Organization
from iotsim.core.services import get_job, stop_job, undo_call
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start
from sims.intake import rezone
from sims.models import Sim
from sims.services.fleet import get_fleet_summary
from sims.services.organization import get_organization, rebuild_days, update_organization
from tests.fleet import make_customer, make_plan, make_sim
from tests.intake.samples import bring_in, cellhire, cellhire_row, iccid, noon, own, own_row
from tests.intake.state import days, rows
from tests.intake.test_hours import fleet_is_the_sum, hours, in_step

TOKYO, HONOLULU = "Asia/Tokyo", "Pacific/Honolulu"


@pytest.fixture
def actor(make_actor):
    """Somebody who needs no dialog to confirm."""
    return make_actor("owner", "api")


@pytest.fixture
def used(organisation, actor):
    """Records of three SIMs on five days, at hours that lie on different days in Tokyo and Honolulu."""
    for number in (1, 2, 3):
        make_sim(organisation, iccid=iccid(number))
    lines = [
        own_row(
            iccid=iccid(number),
            started_at=noon(age) + timedelta(hours=shift),
            ended_at=noon(age) + timedelta(hours=shift + 5),
            bytes_up=number * 1000 + age,
            bytes_down=shift + 20,
        )
        for number in (1, 2, 3)
        for age in (3, 4, 5, 9)
        for shift in (-11, -2, 6)
    ]
    assert bring_in(actor, own(*lines)).result["new"] == 36


def change(actor, zone, **others):
    answer = update_organization(actor, time_zone=zone, **others)
    if answer.job:
        run_job(actor.organization_id, answer.job.id)
        assert get_job(actor, job=answer.job.id).state == "done"
    return answer


def fresh(make_organisation, make_actor, zone):
    """The owner of another organisation in that zone."""
    organisation = make_organisation("Elsewhere", time_zone=zone)
    return organisation, make_actor("owner", "api", organisation=organisation)


def test_after_the_change_the_days_are_as_if_it_had_always_been_there(organisation, actor, used):
    before, by_hour = days(organisation), hours(organisation)
    change(actor, TOKYO)
    in_tokyo = days(organisation)
    assert in_tokyo != before and hours(organisation) == by_hour
    assert in_step(organisation)
    fleet_is_the_sum(organisation)
    local = rows(
        organisation,
        "SELECT s.iccid, (h.hour AT TIME ZONE 'Asia/Tokyo')::date, sum(h.bytes_up)::bigint FROM sims_usagehourly h "
        "JOIN sims_sim s ON s.id = h.sim_id GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert [(one[0], one[1]) for one in in_tokyo] == [one[:2] for one in local]
    assert all(abs(one[2] - two[2]) <= 9 for one, two in zip(in_tokyo, local, strict=True))
    change(actor, "UTC")
    assert days(organisation) == before


def test_cycles_follow_the_zone(organisation, actor, used):
    plan = make_plan(organisation, billing_day=(noon(4) - timedelta(hours=2)).day)
    with tenant(organisation.pk):
        Sim.objects.update(plan=plan)
    change(actor, HONOLULU)
    begin = cycle_start(datetime.now(ZoneInfo(HONOLULU)).date(), plan.billing_day)
    found = rows(organisation, "SELECT id, cycle_start_date, cycle_bytes FROM sims_sim ORDER BY id")
    for sim, start, cycle_bytes in found:
        query = "SELECT sum(bytes_up + bytes_down)::bigint FROM sims_usagedaily WHERE sim_id = %s AND day >= %s"
        assert start == begin and rows(organisation, query, sim, begin) == [(cycle_bytes,)]


def test_days_without_their_records_stay_and_the_seam_loses_nothing(organisation, actor, used):
    """As in the demo: days reach further back than records."""
    with tenant(organisation.pk), connection.cursor() as cursor:
        cursor.execute("DELETE FROM sims_usagerecord WHERE started_at < %s", [noon(7)])
    before = days(organisation)
    total = sum(one[2] + one[3] for one in before)
    for zone in (TOKYO, HONOLULU, "UTC"):
        answer = change(actor, zone)
        assert sum(one[2] + one[3] for one in days(organisation)) == total
        fleet_is_the_sum(organisation)
    assert "earlier day" in answer.sentence and "stay as they were" in answer.sentence
    old = noon(9).date() + timedelta(days=1)
    assert [one for one in days(organisation) if one[1] <= old] == [one for one in before if one[1] <= old]


def test_the_proposal_says_how_many_days_are_rebuilt(actor, used):
    proposal = update_organization.propose(actor, {"time_zone": "tokyo"})
    assert proposal.summary == "Change the time zone to Asia/Tokyo"
    assert "days of every SIM, from " in proposal.warnings[0] and not proposal.reversible
    person = actor.at(Face.WEB)
    with pytest.raises(ConfirmationRequired):
        update_organization.call(person, {"time_zone": TOKYO})
    assert Organization.objects.get(pk=actor.organization_id).time_zone == "UTC"
    outcome = update_organization.call(person, {"time_zone": TOKYO}, confirmed=proposal.digest)
    assert outcome.result.job and not outcome.can_undo


def test_without_usage_there_is_nothing_to_rebuild(actor):
    answer = update_organization(actor, time_zone="Berlin")
    assert answer.job is None and "nothing has to be rebuilt" in answer.sentence
    assert get_organization(actor).time_zone == "Europe/Berlin"


def test_a_rebuild_that_dies_goes_on_where_it_was(organisation, actor, used, monkeypatch):
    monkeypatch.setattr(rezone, "BATCH", 1)
    kept = RunningJob.checkpoint
    calls = []

    def die(self, state, **numbers):
        calls.append(state)
        if len(calls) == 3:
            raise SystemExit("killed")
        kept(self, state, **numbers)

    answer = update_organization(actor, time_zone=TOKYO)
    with monkeypatch.context() as patch:
        patch.setattr(RunningJob, "checkpoint", die)
        with pytest.raises(SystemExit):
            run_job(organisation.pk, answer.job.id)
    with tenant(organisation.pk):
        assert Job.objects.get(pk=answer.job.id).done == 1
        Job.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    fleet_is_the_sum(organisation)
    assert run_job(organisation.pk, answer.job.id) == "done"
    with tenant(organisation.pk):
        assert Job.objects.get(pk=answer.job.id).done == 3
    assert in_step(organisation)
    fleet_is_the_sum(organisation)


def test_a_stopped_rebuild_is_finished_before_the_next_change(organisation, actor, used, monkeypatch):
    monkeypatch.setattr(rezone, "BATCH", 1)
    answer = update_organization(actor, time_zone=TOKYO)
    with pytest.raises(Conflict, match="still under way"):
        update_organization(actor, time_zone=HONOLULU)
    with tenant(organisation.pk):
        Job.objects.filter(pk=answer.job.id).update(stop_asked=True)
    assert run_job(organisation.pk, answer.job.id) == "stopped"
    with pytest.raises(Conflict, match="has not come to its end"):
        update_organization(actor, time_zone=HONOLULU)
    with pytest.raises(Conflict, match="over already"):
        stop_job(actor, job=answer.job.id)
    going_on = rebuild_days(actor, from_zone="UTC", continues=answer.job.id)
    run_job(organisation.pk, going_on.id)
    assert get_job(actor, job=going_on.id).result["sims"] == 3
    assert in_step(organisation)
    change(actor, "UTC")


def test_only_an_unfinished_rebuild_can_be_continued(organisation, actor, used):
    done = change(actor, TOKYO)
    job = rebuild_days(actor, from_zone="UTC", continues=done.job.id)
    assert run_job(organisation.pk, job.id) == "failed"
    assert "no unfinished rebuild" in get_job(actor, job=job.id).error


def test_usage_that_comes_in_meanwhile_is_counted_once(organisation, actor, used, monkeypatch):
    """New records of a SIM that was rebuilt already, and of one whose turn has not come."""
    monkeypatch.setattr(rezone, "BATCH", 1)
    kept, brought = RunningJob.progress, []

    def bring_more(self, **numbers):
        kept(self, **numbers)
        if not brought:
            brought.append(True)
            more = [own_row(iccid=iccid(n), started_at=noon(3) + timedelta(hours=3), bytes_up=77) for n in (1, 2, 3)]
            bring_in(actor, own(*more))

    answer = update_organization(actor, time_zone=TOKYO)
    with monkeypatch.context() as patch:
        patch.setattr(RunningJob, "progress", bring_more)
        assert run_job(organisation.pk, answer.job.id) == "done"
    found = days(organisation)
    assert in_step(organisation)
    change(actor, "UTC")
    change(actor, TOKYO)
    assert days(organisation) == found


def test_an_import_under_way_writes_its_next_block_in_the_new_zone(organisation, actor, monkeypatch):
    from sims.intake.usage import UsageImport

    make_sim(organisation, iccid=iccid(1))
    original, changed = UsageImport._write, []

    def write(self, place, piece, progress):
        if not changed:
            changed.append(update_organization(actor, time_zone=TOKYO))
        original(self, place, piece, progress)

    monkeypatch.setattr(UsageImport, "_write", write)
    at = noon(3) + timedelta(hours=4)  # one o'clock of the next day in Tokyo
    bring_in(actor, own(own_row(started_at=at)))
    assert [one[1] for one in days(organisation)] == [at.date() + timedelta(days=1)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("year_night", [(3, 29), (10, 25), (3, 8), (11, 1)])
def test_nights_on_which_the_clock_changes_add_up(make_organisation, make_actor, zone, year_night):
    """A session over the whole day, which has 23, 24 or 25 hours; brought in, and rebuilt from UTC."""
    now = datetime.now(UTC)
    year = now.year if (now.month, now.day) > (11, 3) else now.year - 1
    tz = ZoneInfo(zone)
    start = datetime(year, *year_night, tzinfo=tz)
    end = datetime(year, *year_night, tzinfo=tz) + timedelta(days=1)
    length = int((end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(hours=1))
    row = own_row(started_at=start.astimezone(UTC), ended_at=end.astimezone(UTC), bytes_up=length * 100, bytes_down=0)
    found = []
    for begins in (zone, "UTC"):
        organisation, owner = fresh(make_organisation, make_actor, begins)
        make_sim(organisation, iccid=iccid(1))
        bring_in(owner, own(row))
        change(owner, zone)
        found.append(days(organisation))
        assert [one[1] for one in hours(organisation)] == [100] * length
    assert found[0] == found[1] == [(iccid(1), start.date(), length * 100, 0, 1, 0, 0)]


# --- the service ---


def test_name_and_currency_change_and_can_be_taken_back(organisation, actor):
    answer = update_organization(actor, name="Northwind", currency="usd")
    assert answer.sentence == "The name is Northwind (was Test) and the currency is USD (was EUR)."
    assert get_fleet_summary(actor).currency == "USD"
    with tenant(organisation.pk):
        event = AuditEvent.objects.filter(service="update_organization").latest("pk")
    undo_call(actor, event=event.pk)
    organisation.refresh_from_db()
    assert (organisation.name, organisation.currency) == ("Test", "EUR")


def test_undo_is_refused_when_the_name_has_moved_on(organisation, actor):
    update_organization(actor, name="First")
    with tenant(organisation.pk):
        event = AuditEvent.objects.filter(service="update_organization").latest("pk")
    update_organization(actor, name="Second")
    with pytest.raises(Conflict, match="is Second by now"):
        undo_call(actor, event=event.pk)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"time_zone": "Europe/Atlantis"}, "not a time zone"),
        ({"time_zone": "../../etc/passwd"}, "not a time zone"),
        ({"currency": "Taler"}, "not a currency code"),
        ({"name": ""}, "at least 1 character"),
        ({}, "Say what to change"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(actor, wrong, sentence):
    with pytest.raises(Invalid, match=sentence):
        update_organization.call(actor, wrong)


@pytest.mark.parametrize("role", ["manager", "analyst", "developer", "viewer"])
def test_only_owners_and_admins_may(make_actor, role):
    with pytest.raises(Denied):
        update_organization(make_actor(role), name="Mine")


def test_a_membership_limited_to_customers_may_not(organisation, make_actor):
    customer = make_customer(organisation)
    limited = make_actor("admin", customer_ids=[customer.pk])
    with pytest.raises(Denied, match="limited to some customers"):
        update_organization(limited, name="Mine")


def test_a_job_of_another_organisation_cannot_be_continued(make_organisation, make_actor, organisation, actor, used):
    answer = update_organization(actor, time_zone=TOKYO)
    elsewhere, stranger = fresh(make_organisation, make_actor, "UTC")
    job = rebuild_days(stranger, from_zone="UTC", continues=answer.job.id)
    assert run_job(elsewhere.pk, job.id) == "failed"


# --- the fleet's days ---


def test_the_summary_reads_the_fleets_days_and_a_limited_membership_its_customers(organisation, actor, make_actor):
    customer = make_customer(organisation)
    make_sim(organisation, iccid=iccid(1), customer=customer)
    make_sim(organisation, iccid=iccid(2))
    bring_in(actor, own(*(own_row(iccid=iccid(n), started_at=noon(1), bytes_up=n, bytes_down=0) for n in (1, 2))))
    limited = make_actor("viewer", customer_ids=[customer.pk])
    assert [sum(day.bytes_up for day in get_fleet_summary(one).timeline) for one in (actor, limited)] == [3, 1]


def test_interims_that_come_late_leave_everything_in_step(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    for step in (3, 1, 4, 0, 2):
        at = noon(4) + timedelta(hours=7 * step + 1)
        bring_in(actor, cellhire(cellhire_row(step, at, 100 * (step + 1), 10, start=noon(4))))
        assert in_step(organisation)
        fleet_is_the_sum(organisation)
