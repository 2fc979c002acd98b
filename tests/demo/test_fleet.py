"""The generator of the demo fleet keeps to the facts it was made from."""

from datetime import date

import numpy as np
import pytest

from sims.cycles import cycle_start, next_cycle_start
from sims.demo.archetypes import ARCHETYPES, INDEX, PLANS
from sims.demo.draws import NEVER, STATUSES
from sims.demo.events import RATES, Kind
from sims.demo.fleet import make_fleet
from sims.demo.identity import imeis
from sims.demo.places import COUNTRIES
from sims.demo.records import Devices, day_sums, make_records
from sims.demo.usage import BLOCK, blocks, usage_of_block

END = date(2026, 3, 17)


@pytest.fixture(scope="module")
def fleet():
    return make_fleet(10_000, 365, END, seed=1)


@pytest.fixture(scope="module")
def days(fleet):
    """Bytes of the whole year, shape (day, SIM)."""
    return np.concatenate([block.bytes for block in blocks(fleet)], axis=1)


@pytest.fixture(scope="module")
def quiet(fleet):
    """The SIMs that were in use all year and to which nothing happened."""
    mask = (fleet.status == 0) & ~fleet.unused & (fleet.first_day < 0) & (fleet.pause[:, 0] == NEVER)
    mask[fleet.events["sim"]] = False
    return mask


@pytest.fixture(params=ARCHETYPES, ids=lambda archetype: archetype.name)
def archetype(request):
    return request.param


def test_archetypes_have_their_shares(fleet, archetype):
    share = (fleet.archetype == INDEX[archetype.name]).mean()
    assert share == pytest.approx(archetype.share, abs=0.001)


def test_the_median_month_is_the_archetypes(fleet, days, quiet, archetype):
    mine = quiet & (fleet.archetype == INDEX[archetype.name])
    month = days[:, mine].mean(axis=0) * 30 / 1e6
    assert np.median(month) == pytest.approx(archetype.median_mb, rel=0.15)


def test_sims_of_an_archetype_differ_as_much_as_they_should(fleet, archetype):
    mine = fleet.archetype == INDEX[archetype.name]
    own = np.log(fleet.level[mine]) - _customer_effects(fleet)[mine]
    assert own.std() == pytest.approx(archetype.between_sd, rel=0.12)


def _customer_effects(fleet):
    return np.array([customer.effect for customer in fleet.customers])[fleet.customer]


def test_days_of_a_sim_differ_as_much_as_they_should(fleet, days, quiet, archetype):
    mine = quiet & (fleet.archetype == INDEX[archetype.name])
    base = archetype.keepalive * fleet.level[mine]
    used = days[:, mine] - base
    logs = np.log(np.where(used > 0.001 * fleet.level[mine], used, np.nan))
    weekday = _weekdays(fleet)
    for each in range(7):
        logs[weekday == each] -= np.nanmedian(logs[weekday == each], axis=0)
    robust = 1.4826 * np.nanmedian(np.abs(logs), axis=0)
    assert np.median(robust) == pytest.approx(archetype.daily_sd, abs=0.03)


def _weekdays(fleet):
    return (fleet.start_date.weekday() + np.arange(fleet.days)) % 7


def test_sims_are_active_on_weekdays_and_weekends_as_often_as_they_should(fleet, days, quiet, archetype):
    mine = quiet & (fleet.archetype == INDEX[archetype.name])
    active = days[:, mine] > archetype.keepalive * fleet.level[mine] * 1.001
    weekend = _weekdays(fleet) >= 5
    assert active[~weekend].mean() == pytest.approx(archetype.weekday, abs=0.01)
    assert active[weekend].mean() == pytest.approx(archetype.weekend, abs=0.01)


def test_mobile_sims_stand_still_for_days_on_end(fleet, days, quiet):
    tracker = quiet & (fleet.archetype == INDEX["telematics"])
    idle = (days[:, tracker] == 0)[_weekdays(fleet) < 5]
    after_idle = idle[1:][idle[:-1]].mean()
    assert after_idle > 3 * idle.mean()


def test_customers_are_as_unequal_as_a_zipf_law_says(fleet):
    for name in ("smart meter", "tracker", "POS"):
        counts = np.sort(np.bincount(fleet.customer[fleet.archetype == INDEX[name]]))[::-1]
        assert 0.35 < counts[0] / counts.sum() < 0.6
        assert np.log(counts[0] / counts[3]) / np.log(4) == pytest.approx(1.6, abs=0.5)


@pytest.fixture(scope="module")
def counted():
    """How often each kind of event came in six fleets, and the SIM-years they lived."""
    counts, years = np.zeros(20), 0.0
    for seed in range(6):
        fleet = make_fleet(20_000, 365, END, seed=seed)
        counts += np.bincount(fleet.events["kind"], minlength=20)
        first = np.where(fleet.unused, NEVER, fleet.first_day)
        years += (np.clip(fleet.stop_day, 0, 365) - np.clip(first, 0, 365)).sum() / 365
    return counts, years


@pytest.mark.parametrize("kind", RATES, ids=lambda kind: kind.name.lower())
def test_anomalies_come_as_often_as_they_should_in_a_sim_year(counted, kind):
    counts, years = counted
    assert counts[kind] / years == pytest.approx(RATES[kind], rel=0.15)


def test_a_sim_has_at_most_one_anomaly(fleet):
    sims = fleet.events["sim"][fleet.events["kind"] < Kind.IMEI_SWAP]
    assert np.unique(sims).size == sims.size


def _first(fleet, kind, longest=60):
    """The first event of a kind that has two ordinary weeks before it and some days in it."""
    for event in fleet.events[fleet.events["kind"] == kind]:
        if event["start"] >= 40 and event["end"] - event["start"] >= 2:
            return event, slice(event["start"], event["end"]), event["sim"]
    raise AssertionError(f"no {kind.name} in this fleet")


def test_a_thief_uses_hundreds_of_megabytes_in_another_device(fleet, days):
    event, span, sim = _first(fleet, Kind.THEFT)
    assert days[span, sim].mean() > 100e6
    devices = Devices(fleet, imeis(fleet))
    during = devices.on(np.array([sim]), np.array([event["start"]]), 0, fleet.size)[0]
    before = devices.on(np.array([sim]), np.array([event["start"] - 1]), 0, fleet.size)[0]
    assert during[:8] != before[:8]


def test_a_retry_storm_has_hundreds_of_sessions_a_day(fleet):
    _, span, sim = _first(fleet, Kind.RETRY_STORM)
    block = usage_of_block(fleet, sim // BLOCK * BLOCK)
    storm = block.sessions[span, sim - block.start]
    assert storm.max() <= 3000
    assert np.median(storm[storm > 0]) >= 200


def test_a_silent_sim_uses_nothing(fleet, days):
    _, span, sim = _first(fleet, Kind.SILENT)
    assert days[span, sim].sum() <= days[span.start - 1, sim]  # a late record of the day before may fall in


def test_a_leak_doubles_every_ten_to_forty_days(fleet, days):
    growths = []
    for event in fleet.events[fleet.events["kind"] == Kind.LEAK]:
        if event["end"] - event["start"] >= 60:
            span = days[event["start"] : event["end"], event["sim"]]
            assert 10 <= event["size"] <= 40
            growths.append(span[-14:].mean() / max(span[:14].mean(), 1))
    assert np.median(growths) > 2


def test_a_roaming_spike_is_in_a_country_that_is_no_neighbour(fleet):
    _, span, sim = _first(fleet, Kind.ROAMING_SPIKE)
    block = usage_of_block(fleet, sim // BLOCK * BLOCK)
    home = COUNTRIES[fleet.country[sim]]
    seen = {COUNTRIES[index].code for index in block.visited[span, sim - block.start]}
    assert len(seen) == 1
    assert not seen & {home.code, *home.neighbours}


def test_a_throttled_sim_has_reached_its_quota_and_uses_little_until_the_cycle_ends(fleet, days):
    reached, shares = [], []
    for event in fleet.events[fleet.events["kind"] == Kind.THROTTLED]:
        plan = PLANS[fleet.plan[event["sim"]]]
        begin = (cycle_start(fleet.dates[event["start"]], plan.billing_day) - fleet.start_date).days
        end = (next_cycle_start(fleet.dates[event["start"]], plan.billing_day) - fleet.start_date).days
        assert event["end"] <= min(end, fleet.days)
        if begin >= 0 and event["start"] - begin >= 5 and event["end"] - event["start"] >= 4:
            before = days[begin : event["start"], event["sim"]]
            after = days[event["start"] + 1 : event["end"], event["sim"]]
            reached.append(before.sum() >= plan.quota_mb * 0.95e6)
            shares.append(after.mean() / before.mean())
    assert len(reached) > 20
    assert np.mean(reached) > 0.8
    assert np.median(shares) < 0.06


def test_some_days_arrive_late(fleet, days, quiet):
    alarms = quiet & (fleet.archetype == INDEX["alarm"])
    missing = (days[:-1, alarms] == 0).mean()
    assert missing == pytest.approx(0.003, abs=0.001)


def test_firmware_campaigns_reach_most_of_their_cohort(fleet, days, quiet):
    large = max(fleet.campaigns, key=lambda one: one.size_bytes / ARCHETYPES[one.archetype].median_mb)
    cohort = quiet & (fleet.archetype == large.archetype) & (fleet.model == large.model)
    span = days[large.start : large.start + large.spread + 1, cohort].max(axis=0)
    assert (span >= large.size_bytes * 0.99).mean() == pytest.approx(0.8, abs=0.1)


def test_harmless_things_that_look_like_anomalies_are_there_too(fleet):
    kinds = set(fleet.events["kind"].tolist())
    assert {Kind.IMEI_SWAP, Kind.SEASONAL_SHOP, Kind.WIND_DOWN} <= kinds
    assert fleet.border.any()
    assert fleet.unused.any()
    assert fleet.campaigns


def test_most_sims_are_active_and_every_state_occurs(fleet):
    shares = np.bincount(fleet.status, minlength=len(STATUSES)) / fleet.size
    assert shares[0] > 0.88
    assert (shares > 0.005).all()


def test_stock_uses_nothing_and_stopped_sims_stop(fleet, days):
    for sim in np.flatnonzero(np.isin(fleet.status, (4, 5)))[:50]:
        assert days[:, sim].sum() == 0
    for sim in np.flatnonzero(fleet.stop_day < fleet.days)[:50]:
        assert days[fleet.stop_day[sim] + 1 :, sim].sum() == 0


def test_a_few_per_cent_use_more_than_their_plan_holds(fleet, days):
    over = []
    for index, plan in enumerate(PLANS):
        last = cycle_start(END, plan.billing_day)
        first = cycle_start(last.replace(day=1) if plan.billing_day > 1 else last.replace(month=2), plan.billing_day)
        span = slice((first - fleet.start_date).days, (last - fleet.start_date).days)
        mine = (fleet.plan == index) & (fleet.status == 0)
        over += (days[span, mine].sum(axis=0) > plan.quota_mb * 1e6).tolist()
    assert 0.02 < np.mean(over) < 0.10


@pytest.mark.parametrize("day", range(1, 32))
def test_on_every_day_of_a_month_some_sims_have_used_more_than_5_gb(day):
    fleet = make_fleet(2000, 40, date(2026, 1, day), seed=1)
    block = usage_of_block(fleet, 0)
    sums = day_sums(fleet, block, last_day=0.1)
    used = sums.up + sums.down
    first = np.array([(cycle_start(fleet.end_date, plan.billing_day) - fleet.start_date).days for plan in PLANS])
    running = np.arange(fleet.days)[:, None] >= first[fleet.plan]
    assert ((used * running).sum(axis=0) > 5e9).sum() >= 2


def test_the_same_seed_makes_the_same_fleet_and_another_seed_another():
    one, same, other = (make_fleet(500, 30, END, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.level, same.level)
    assert np.array_equal(usage_of_block(one, 0).bytes, usage_of_block(same, 0).bytes)
    assert not np.array_equal(usage_of_block(one, 0).bytes, usage_of_block(other, 0).bytes)


def test_a_block_does_not_depend_on_the_blocks_before_it():
    fleet = make_fleet(BLOCK + 100, 20, END, seed=3)
    whole = list(blocks(fleet))
    assert np.array_equal(whole[1].bytes, usage_of_block(fleet, BLOCK).bytes)
    assert [(block.start, block.stop) for block in whole] == [(0, BLOCK), (BLOCK, BLOCK + 100)]


def test_records_add_up_to_the_days_and_lie_within_them():
    fleet = make_fleet(800, 20, END, seed=5)
    block = usage_of_block(fleet, 0)
    sums = day_sums(fleet, block, last_day=0.5)
    spans = [(day * 86400, day * 86400 + (43200 if day == 19 else 86400)) for day in range(13, 20)]
    records = make_records(fleet, block, sums, Devices(fleet, imeis(fleet)), range(13, 20), spans)
    day = records.started // 86400
    for name in ("up", "down"):
        added = np.zeros((20, 800), dtype=np.int64)
        np.add.at(added, (day, records.sim), getattr(records, name))
        assert np.array_equal(added[13:], getattr(sums, name)[13:])
    counted = np.zeros((20, 800), dtype=np.int64)
    np.add.at(counted, (day, records.sim), records.count)
    assert np.array_equal(counted[13:], sums.sessions[13:])
    assert (records.started < records.ended).all()
    assert (records.ended <= np.array(spans)[day - 13, 1]).all()
    assert (records.count >= 1).all()
    assert (np.bincount(records.sim * 20 + day) <= 3).all()


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_tiny_fleets_and_short_periods_can_be_made(size):
    for days in (1, 2, 9):
        fleet = make_fleet(size, days, END, seed=2)
        block = usage_of_block(fleet, 0)
        assert block.bytes.shape == (days, size)
        assert (block.bytes >= 0).all()
