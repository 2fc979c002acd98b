"""`manage.py seed_demo`: what stands in the database afterwards."""

import csv
import json
import stat
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q, Sum

from iotsim.core.models import AuditEvent, Membership, Organization
from iotsim.core.roles import Role
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start
from sims.models import Device, Sim, SimTag, StatusChange, UsageDaily, UsageRecord

SIMS, DAYS, END = 300, 40, date(2026, 3, 17)


def _seed(**options):
    from io import StringIO

    out = StringIO()
    call_command("seed_demo", **{"sims": SIMS, "days": DAYS, "end_date": END, "seed": 1, **options}, stdout=out)
    return out.getvalue()


@pytest.fixture
def demo(database):
    """The demo organisation, seeded anew when a test before has changed it."""
    organization = Organization.objects.filter(slug="demo").first()
    if organization is None or _facts(organization) != _facts.usual:
        _seed(replace=True)
        organization = Organization.objects.get(slug="demo")
        _facts.usual = _facts(organization)
    return organization


def _facts(organization):
    with tenant(organization.pk):
        sims = Sim.objects.order_by("iccid").values_list("iccid", "status", "label", "cycle_bytes", "cycle_start_date")
        days = UsageDaily.objects.aggregate(
            days=Count("*"), up=Sum("bytes_up"), down=Sum("bytes_down"), last=Sum("sessions")
        )
        return list(sims), days


_facts.usual = None


def test_it_makes_the_fleet_that_was_asked_for(demo):
    with tenant(demo.pk):
        assert Sim.objects.count() == SIMS
        days = UsageDaily.objects.order_by("day").values_list("day", flat=True)
        assert (days.first(), days.last()) == (END - timedelta(days=DAYS - 1), END)
        assert SimTag.objects.count() > 50
        assert Device.objects.count() == Sim.objects.exclude(status="inventory").count()


def test_records_are_kept_for_seven_days_and_add_up_to_the_daily_sums(demo):
    zone = ZoneInfo(demo.time_zone)
    with tenant(demo.pk):
        added: dict[tuple[int, date], list[int]] = {}
        for record in UsageRecord.objects.all():
            sums = added.setdefault((record.sim_id, record.started_at.astimezone(zone).date()), [0, 0, 0])
            for place, value in enumerate((record.bytes_up, record.bytes_down, record.count)):
                sums[place] += value
        last = UsageDaily.objects.filter(day__gt=END - timedelta(days=7))
        wanted = {(row.sim_id, row.day): [row.bytes_up, row.bytes_down, row.sessions] for row in last}
    assert added == wanted
    assert len(wanted) > 1000


def test_what_a_sim_used_this_cycle_is_the_sum_of_its_days(demo):
    with tenant(demo.pk):
        for sim in Sim.objects.select_related("plan"):
            begin = cycle_start(END, sim.plan.billing_day if sim.plan else 1)
            used = UsageDaily.objects.filter(sim=sim, day__gte=begin).aggregate(
                bytes=Sum(F("bytes_up") + F("bytes_down"))
            )
            assert (sim.cycle_start_date, sim.cycle_bytes) == (begin, used["bytes"] or 0)


def test_a_day_in_the_past_is_complete_and_as_of_says_so(demo):
    end = datetime(2026, 3, 17, 23, tzinfo=UTC)  # midnight in Berlin
    with tenant(demo.pk):
        assert set(Sim.objects.values_list("cycle_as_of", flat=True)) == {end}
        assert not Sim.objects.filter(last_seen_at__gt=end).exists()
        whole = UsageDaily.objects.filter(day=END).aggregate(bytes=Sum("bytes_down"))["bytes"]
        before = UsageDaily.objects.filter(day=END - timedelta(days=7)).aggregate(bytes=Sum("bytes_down"))["bytes"]
    assert 0.4 < whole / before < 2.5


def test_every_sim_that_left_the_stock_has_a_history_that_ends_in_its_state(demo):
    with tenant(demo.pk):
        for sim in Sim.objects.exclude(status="inventory"):
            last = StatusChange.objects.filter(sim=sim).latest("pk")
            assert (last.to_status, last.state, last.settled_at) == (sim.status, "confirmed", sim.status_changed_at)
            if sim.status in ("inactive", "suspended", "retired"):
                assert sim.status_reason == last.reason != ""
        assert not StatusChange.objects.filter(sim__status="inventory").exists()
        assert not StatusChange.objects.filter(requested_at__gt=datetime(2026, 3, 17, 23, tzinfo=UTC)).exists()


def test_one_active_sim_ends_in_3456(demo):
    with tenant(demo.pk):
        sim = Sim.objects.get(iccid__endswith="3456")
    assert (sim.status, sim.label) == ("active", "truck-017")


def test_some_sims_have_used_more_than_5_gb(demo):
    with tenant(demo.pk):
        assert Sim.objects.filter(cycle_bytes__gt=5_000_000_000).count() >= 2


def test_the_second_organisation_is_small_and_its_owner_a_stranger_to_the_first(demo):
    harbour = Organization.objects.get(slug="harbour")
    with tenant(harbour.pk):
        assert Sim.objects.count() == 50
        assert not Sim.objects.filter(iccid__endswith="3456").exists()
    assert set(
        Membership.objects.filter(user__email="other@iotsim.example").values_list("organization__slug", flat=True)
    ) == {"harbour"}


def test_there_is_a_person_for_each_role_and_the_kept_password_lets_them_in(demo):
    login = json.loads((settings.DATA_DIR / "demo-login.json").read_text())
    roles = {one["role"] for one in login["people"] if one["organisation"] == "demo"}
    assert roles == {role.value for role in Role}
    for email in ("demo@iotsim.example", "viewer@iotsim.example", "other@iotsim.example"):
        assert authenticate(username=email, password=login["password"]).email == email
    assert len(login["password"]) >= 16
    assert stat.S_IMODE((settings.DATA_DIR / "demo-login.json").stat().st_mode) == 0o600


def test_labels_are_kept_in_a_file_and_name_sims_of_the_fleet(demo):
    with (settings.DATA_DIR / "demo" / "labels-demo.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with tenant(demo.pk):
        known = set(Sim.objects.values_list("iccid", flat=True))
    assert {row["iccid"] for row in rows if row["iccid"]} <= known
    assert {"anomaly", "kind", "start_date", "end_date"} <= rows[0].keys()
    assert {row["anomaly"] for row in rows} <= {"0", "1"}


def test_it_refuses_to_touch_sims_that_are_there(demo):
    facts = _facts(demo)
    with pytest.raises(CommandError, match=r"demo has 300 SIMs and harbour has 50 SIMs already\. Add --replace"):
        _seed()
    assert _facts(demo) == facts


def test_it_may_be_told_to_leave_alone_what_is_there(demo):
    facts = _facts(demo)
    assert _seed(if_empty=True) == ""
    assert _facts(demo) == facts


def test_replacing_makes_the_very_same_fleet_again_and_nothing_double(demo):
    facts = _facts(demo)
    said = _seed(replace=True)
    assert _facts(demo) == facts
    assert "300 of 300 SIMs" in said
    assert "Sign in as demo@iotsim.example with the password " in said


def test_the_password_may_be_chosen(demo, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "a-word-of-our-own-choice")
    _seed(replace=True, sims=20, days=3)
    assert authenticate(username="demo@iotsim.example", password="a-word-of-our-own-choice")
    monkeypatch.delenv("DEMO_PASSWORD")
    _seed(replace=True, sims=20, days=3)
    assert authenticate(username="demo@iotsim.example", password="a-word-of-our-own-choice")


def test_today_is_partial_and_nothing_lies_in_the_future(database):
    _seed(replace=True, sims=200, days=20, end_date=None)
    now = datetime.now(UTC)
    organization = Organization.objects.get(slug="demo")
    with tenant(organization.pk):
        assert not UsageRecord.objects.filter(ended_at__gt=now).exists()
        assert not Sim.objects.filter(Q(last_seen_at__gt=now) | Q(cycle_as_of__gt=now)).exists()
        assert not StatusChange.objects.filter(requested_at__gt=now).exists()
        assert UsageDaily.objects.filter(day=now.astimezone(ZoneInfo("Europe/Berlin")).date() - timedelta(1)).exists()


def test_seeding_writes_no_audit_events_but_of_the_night_it_asks_for(demo):
    with tenant(demo.pk):
        assert set(AuditEvent.objects.values_list("service", flat=True)) <= {"run_analytics_night"}


def test_seeding_works_as_the_application_role_and_leaves_no_temporary_table(demo):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'demo\\_%%' AND relpersistence = 't'", [])
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sims": 0}, r"--sims is 0; it may be 1 to 1,000,000\."),
        ({"sims": 2_000_000}, r"--sims is 2,000,000"),
        ({"days": 0}, r"--days is 0"),
        ({"end_date": date(2999, 1, 1)}, r"--end-date 2999-01-01 is in the future"),
        ({"end_date": date(1999, 1, 1)}, r"--end-date 1999-01-01 is too long ago"),
        ({"seed": -1}, r"--seed is -1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(database, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        _seed(**options)
