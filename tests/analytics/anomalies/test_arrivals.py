"""On arrival: what is sure of a day that is not over is told at once, and the night has the last word."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from celery.signals import before_task_publish

from analytics.nightly.today import look_at, look_at_last_hour
from analytics.services.anomalies import check_anomalies, explain_anomaly
from analytics.tasks import look_at_arrivals
from iotsim.core.tenancy import tenant
from sims.intake.partitions import ensure_hour_partitions
from sims.models import Sim, SimCountry
from sims.services.records import record_usage
from tests.analytics.anomalies.fleet import LAST, Fleet, noon

TODAY = LAST + timedelta(days=1)
NOW = noon(TODAY) + timedelta(hours=2)


@pytest.fixture
def known(fleet) -> Fleet:
    """After the night to TODAY; usage is known up to 14 o'clock now."""
    fleet.night()
    with tenant(fleet.organization.pk):
        Sim.objects.update(cycle_as_of=NOW)
    return fleet


def stolen(fleet: Fleet, sim: Sim, at: datetime) -> None:
    """The card is in another device, which moves data."""
    with tenant(fleet.organization.pk):
        Sim.objects.filter(pk=sim.pk).update(imei="867439068297003", last_seen_at=at)


def records(sim: Sim, at: datetime, megabytes: int, imei: str) -> list[dict]:
    return [
        {
            "iccid": sim.iccid, "started_at": (at - timedelta(minutes=20)).isoformat(),
            "ended_at": at.isoformat(), "bytes_down": megabytes * 1_000_000, "bytes_up": 0, "imei": imei,
        }
    ]  # fmt: skip


def test_use_far_above_the_usual_is_told_before_the_day_is_over(known, actor):
    sim = known.sims[9]
    known.put(sim, -1, 500, sessions=12)
    assert look_at(known.organization.pk, [one.pk for one in known.sims], now=NOW) == 1
    (row,) = known.found()
    assert (row.sim_id, row.first_day, row.provisional, row.ended_on) == (sim.pk, TODAY, True, None)
    assert row.alert_id is not None
    assert look_at(known.organization.pk, [sim.pk], now=NOW) == 0
    (same,) = known.found()
    assert (same.pk, same.alert_id, same.days) == (row.pk, row.alert_id, row.days)


def test_the_night_makes_it_whole(known):
    sim = known.sims[9]
    known.put(sim, -1, 500, sessions=12)
    look_at(known.organization.pk, [sim.pk], now=NOW)
    (before,) = known.found()
    known.know_until(-1)
    known.night()
    (row,) = [one for one in known.found() if one.sim_id == sim.pk]
    assert (row.pk, row.provisional, row.alert_id) == (before.pk, False, before.alert_id)


def test_what_the_night_does_not_find_again_it_takes_back(known):
    sim = known.sims[9]
    known.put(sim, -1, 500, sessions=12)
    look_at(known.organization.pk, [sim.pk], now=NOW)
    known.put(sim, -1, 2, sessions=12)
    known.know_until(-1)
    known.night()
    assert [one for one in known.found() if one.sim_id == sim.pk] == []


def test_a_quiet_day_is_nothing_yet(known):
    assert look_at(known.organization.pk, [one.pk for one in known.sims], now=NOW) == 0
    assert known.found() == []


def test_before_the_first_night_nothing_is_usual_yet(fleet):
    fleet.put(fleet.sims[9], -1, 500)
    assert look_at(fleet.organization.pk, [fleet.sims[9].pk], now=NOW) == 0
    assert look_at_last_hour(fleet.organization.pk, now=NOW) == 0


def test_the_hourly_look_takes_what_was_seen_lately(known):
    early, late = known.sims[9], known.sims[10]
    for sim in (early, late):
        known.put(sim, -1, 500, sessions=12)
    with tenant(known.organization.pk):
        Sim.objects.filter(pk=early.pk).update(last_seen_at=NOW - timedelta(hours=5))
        Sim.objects.filter(pk=late.pk).update(last_seen_at=NOW - timedelta(minutes=30))
    assert look_at_last_hour(known.organization.pk, now=NOW) == 1
    assert [one.sim_id for one in known.found()] == [late.pk]


@pytest.fixture
def sent() -> Iterator[list[tuple]]:
    """The tasks that are sent to the workers meanwhile, with their arguments."""
    found: list[tuple] = []

    def hear(sender: str, body: tuple, **rest: object) -> None:
        found.append((sender, list(body[0])))

    before_task_publish.connect(hear)
    yield found
    before_task_publish.disconnect(hear)


def test_a_theft_is_told_when_its_records_arrive(organisation, actor, sent):
    """By the API, with the very clock: another device takes the card and moves a gigabyte."""
    from tests.analytics.anomalies import fleet as small

    now = datetime.now(UTC)
    fleet = small.make_fleet(organisation, 30, last=now.date() - timedelta(days=1))
    fleet.night()
    sim = fleet.sims[2]
    first = now.replace(hour=0, minute=30, second=0, microsecond=0)
    if first > now:
        pytest.skip("The day is too young for a record of it.")
    ensure_hour_partitions(now.date(), now.date())
    taken = record_usage(actor, records=records(sim, min(first + timedelta(minutes=25), now), 1_000, "867439068297003"))
    assert taken.accepted == 1
    asked = [given for task, given in sent if task == "analytics.look_at_arrivals" and given[0] == organisation.pk]
    assert asked == [[organisation.pk, sim.pk]]
    assert look_at_arrivals(*asked[0]) == 1
    told = explain_anomaly(actor, sim=sim.iccid)
    assert told.kind == "theft" and told.provisional and told.severity in ("high", "critical")
    assert "1.00\u00a0GB today so far" in told.words and "IMEI changed" in told.words
    assert told.evidence["imei_before"].startswith("35123456") and told.next_steps[0].label == "Suspend the SIM"
    assert check_anomalies(actor, kind="theft", since=now.date()).total == 1


def test_a_new_country_with_much_use_is_roaming(known):
    sim = known.sims[11]
    with tenant(known.organization.pk):
        Sim.objects.filter(pk=sim.pk).update(country="FR")
        for country in ("DE", "FR"):
            SimCountry.objects.create(organization=known.organization, sim=sim, country=country, first_at=NOW)
        Sim.objects.filter(pk=sim.pk).update(imsi="262011234567890")
    known.put(sim, -1, 500, sessions=12)
    look_at(known.organization.pk, [sim.pk], now=NOW)
    (row,) = known.found()
    assert row.evidence["country"] == "FR"
