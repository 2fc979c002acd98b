"""Usage of a SIM by hour, day and month, in the organisation's zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from iotsim.core.errors import Invalid, NotFound
from iotsim.core.tenancy import tenant
from sims import charts
from sims.intake.daily import add_usage
from sims.intake.days import Used
from sims.intake.exclusive import writing_usage
from sims.intake.hourly import prepare_hours
from sims.intake.partitions import ensure_partitions_for
from sims.schemas.fleet import UsageDay
from sims.services.history import get_usage_history
from sims.usage import by_month, sim_hours
from tests.dates import today
from tests.fleet import make_sim
from tests.intake.test_days import session, used

BERLIN = ZoneInfo("Europe/Berlin")


def use(organisation, sim, *records):
    """Records (start, end, bytes) as the intake would add them."""
    found: Used = used(*[session(start, end, amount, 0, sim.pk) for start, end, amount in records])
    bounds = int(found.started_at.min()), int(found.ended_at.max())
    ensure_partitions_for(*bounds)
    prepare_hours(*bounds)
    with writing_usage(organisation.pk):
        add_usage(organisation.pk, ZoneInfo(organisation.time_zone), found)


def at(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def sim(organisation):
    return make_sim(organisation)


def test_a_short_period_is_shown_by_hour_and_a_long_one_by_day_or_month(organisation, actor, sim):
    use(organisation, sim, (at(today(), 0), at(today(), 0), 5))
    for start, resolution, entries in (
        (today(), "hour", 24),
        (today() - timedelta(days=1), "hour", 48),
        (today() - timedelta(days=2), "day", 3),
        (today() - timedelta(days=365), "day", 366),
        (today() - timedelta(days=366), "month", None),
    ):
        found = get_usage_history(actor, sim=sim.iccid, start_date=start)
        assert found.resolution == resolution and found.total_bytes == 5
        shown = {"hour": found.hours, "day": found.days, "month": found.months}[resolution]
        assert len(shown) == (entries or len(by_month(found.days)))
        assert sum(one.bytes_total for one in shown) == 5


def test_it_can_be_asked_for(organisation, actor, sim):
    use(organisation, sim, (at(today() - timedelta(days=4)), at(today() - timedelta(days=4), 14), 100))
    start = today() - timedelta(days=6)
    by_hour = get_usage_history(actor, sim=sim.iccid, start_date=start, resolution="hour")
    assert len(by_hour.hours) == 7 * 24 and [one.bytes_total for one in by_hour.hours if one.bytes_total] == [50, 50]
    assert "The busiest hour began on" in by_hour.sentence
    monthly = get_usage_history(actor, sim=sim.iccid, start_date=start, resolution="month")
    assert monthly.start_date == start.replace(day=1) and monthly.months[0].month == start.replace(day=1)
    daily = get_usage_history(actor, sim=sim.iccid, start_date=today(), resolution="day")
    assert daily.hours == [] and len(daily.days) == 1


def test_hours_that_are_not_kept_are_said_to_be_gone(organisation, actor, sim, settings):
    settings.HOURS_KEPT_DAYS = 31
    old = today() - timedelta(days=60)
    use(organisation, sim, (at(old), at(old), 7))
    short = get_usage_history(actor, sim=sim.iccid, start_date=old, end_date=old)
    assert short.resolution == "day" and short.total_bytes == 7
    asked = get_usage_history(actor, sim=sim.iccid, start_date=old, end_date=old, resolution="hour")
    assert "The hours of that time are not kept" in asked.sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"resolution": "hour", "start_date": today() - timedelta(days=40)}, "at most 31 days"),
        ({"resolution": "minute"}, "'hour', 'day' or 'month'"),
        ({"start_date": today(), "end_date": today() - timedelta(days=1)}, "ends before that"),
        ({"start_date": today() - timedelta(days=1200)}, "longer than 1,100 days"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(actor, sim, wrong, sentence):
    with pytest.raises(Invalid, match=sentence):
        get_usage_history.call(actor, {"sim": sim.iccid, **wrong})


def last_change_of_clocks(month: int) -> date:
    """The last Sunday of the latest such month that is over; Berlin's clocks change on it."""
    year = today().year - (today().month <= month)
    return max(day for n in range(25, 32) if (day := date(year, month, n)).weekday() == 6)


@pytest.mark.parametrize(("month", "count", "zones"), [(3, 23, []), (10, 25, ["CEST", "CET"])])
def test_the_hour_that_comes_twice_has_two_entries(make_organisation, month, count, zones):
    day = last_change_of_clocks(month)
    twice = [f"{day:%a %-d %b} 02:00 {zone}" for zone in zones]
    organisation = make_organisation("Berlin", time_zone="Europe/Berlin")
    sim = make_sim(organisation)
    start, end = (datetime.combine(one, time(), BERLIN) for one in (day, day + timedelta(days=1)))
    use(organisation, sim, (start, end, count * 10))
    with tenant(organisation.pk):
        hours = sim_hours(sim, BERLIN, day, day)
    assert [one.bytes_total for one in hours] == [10] * count
    assert [one.label for one in hours if one.label.endswith(("CET", "CEST"))] == twice
    figure = charts.hourly_usage(hours)["data"][0]
    assert len(set(figure["x"])) == count and len(set(figure["customdata"])) == count


def test_in_a_zone_half_an_hour_off_the_first_hour_begins_before_midnight(make_organisation):
    organisation = make_organisation("Kathmandu", time_zone="Asia/Kathmandu")
    zone, sim = ZoneInfo("Asia/Kathmandu"), make_sim(organisation)
    begin = datetime(today().year, today().month, today().day, tzinfo=zone) - timedelta(days=2)
    use(organisation, sim, (begin, begin + timedelta(days=1), 24 * 60))
    with tenant(organisation.pk):
        hours = sim_hours(sim, zone, begin.date(), begin.date())
    assert len(hours) == 25 and sum(one.bytes_total for one in hours) == 24 * 60
    assert f"{hours[0].hour:%H:%M}" == "23:45"


def test_february_is_a_month_of_its_own_length():
    start = date(2028, 1, 31)
    days = [UsageDay(day=start + timedelta(days=n), bytes_up=1, bytes_down=0, sessions=0) for n in range(31)]
    assert [(one.month, one.bytes_up) for one in by_month(days)] == [
        (date(2028, 1, 1), 1), (date(2028, 2, 1), 29), (date(2028, 3, 1), 1),
    ]  # fmt: skip


def test_a_sim_of_another_customer_is_not_shown(organisation, make_actor, sim):
    limited = make_actor("viewer", customer_ids=[])
    with pytest.raises(NotFound):
        get_usage_history(limited, sim=sim.iccid, resolution="hour")
