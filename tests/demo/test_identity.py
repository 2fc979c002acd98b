"""Numbers and names of the demo SIMs: valid, unique, believable."""

from datetime import date

import numpy as np
import pytest
from stdnum import imei as stdnum_imei
from stdnum import luhn as stdnum_luhn

from sims.demo import history, identity, naming
from sims.demo.draws import KINDS
from sims.demo.fleet import make_fleet
from sims.demo.places import COUNTRIES, OPERATOR_COUNTRY, OPERATORS
from sims.demo.records import Devices
from sims.lifecycle import TRANSITIONS, Reason, Status
from sims.world import operator_by_imsi, operator_by_plmn


@pytest.fixture(scope="module")
def fleet():
    return make_fleet(5000, 120, date(2026, 3, 17), seed=1)


@pytest.fixture(scope="module")
def iccids(fleet):
    return identity.iccids(fleet).tolist()


def test_iccids_are_valid_and_begin_as_their_operators_do(fleet, iccids):
    for sim, iccid in enumerate(iccids):
        assert stdnum_luhn.is_valid(iccid)
        assert len(iccid) == 19
        country = COUNTRIES[OPERATOR_COUNTRY[fleet.operator[sim]]]
        assert iccid.startswith(f"89{country.calling_code}")


def test_exactly_one_iccid_ends_in_3456_and_it_is_an_active_truck(fleet, iccids):
    ends = [sim for sim, iccid in enumerate(iccids) if "3456" in iccid[-5:]]
    assert ends == [fleet.memorable]
    assert iccids[fleet.memorable].endswith("3456")
    assert fleet.status_name(fleet.memorable) == "active"
    assert naming.labels(fleet)[fleet.memorable] == "truck-017"
    assert not np.isin(fleet.memorable, fleet.events["sim"])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [60, 2000])
def test_the_memorable_ending_is_there_with_every_seed(size, seed):
    fleet = make_fleet(size, 30, date(2026, 3, 17), seed=seed)
    texts = identity.iccids(fleet).tolist()
    assert sum(text.endswith("3456") for text in texts) == 1
    assert stdnum_luhn.is_valid(texts[fleet.memorable])


def test_most_endings_of_four_digits_are_unique_in_the_usual_fleet():
    texts = identity.iccids(make_fleet(2000, 30, date(2026, 3, 17), seed=1)).tolist()
    endings = [text[-4:] for text in texts]
    assert sum(endings.count(ending) == 1 for ending in endings) > 1400


@pytest.mark.parametrize("numbers", [identity.iccids, identity.imsis, identity.msisdns, identity.imeis])
def test_no_number_comes_twice(fleet, numbers):
    assert len(set(numbers(fleet).tolist())) == fleet.size


def test_imsis_show_the_operator(fleet):
    for sim, imsi in enumerate(identity.imsis(fleet).tolist()):
        operator = OPERATORS[fleet.operator[sim]]
        assert len(imsi) == 15
        assert operator_by_imsi(imsi) == operator_by_plmn(operator.mcc, operator.mnc)


def test_every_operator_of_the_demo_is_in_the_world_table_under_its_country():
    for operator, country in zip(OPERATORS, OPERATOR_COUNTRY, strict=True):
        assert operator_by_plmn(operator.mcc, operator.mnc).country == COUNTRIES[country].code


def test_msisdns_are_numbers_of_their_country(fleet):
    for sim, number in enumerate(identity.msisdns(fleet).tolist()):
        country = COUNTRIES[OPERATOR_COUNTRY[fleet.operator[sim]]]
        assert number.startswith(country.calling_code)
        assert len(number) == country.digits <= 15


def test_imeis_are_valid_before_and_after_a_swap(fleet):
    devices = Devices(fleet, identity.imeis(fleet))
    moved = [imei for moves in devices.moves.values() for _, _, imei in moves]
    assert moved
    for imei in [*devices.first.tolist()[:500], *moved]:
        assert stdnum_imei.is_valid(imei)
    assert len({*devices.first.tolist(), *moved}) == fleet.size + len(moved)


def test_eids_have_their_check_digits(fleet):
    eids = [eid for eid in identity.eids(fleet, np.random.default_rng(1)) if eid]
    assert 700 < len(eids) < 1300
    assert all(len(eid) == 32 and int(eid) % 97 == 1 for eid in eids)
    assert len(set(eids)) == len(eids)


@pytest.mark.parametrize("width", [6, 9, 12, 13])
def test_scattered_serials_never_repeat(width):
    serials = identity.scatter(np.arange(200_000), width, key=31)
    assert np.unique(serials).size == serials.size
    assert serials.max() < 10**width


def test_labels_are_unique_and_tell_the_kind(fleet):
    labels = naming.labels(fleet)
    assert len(set(labels)) == fleet.size
    truck = KINDS.index("truck")
    assert {labels[sim][:6] for sim in np.flatnonzero(fleet.kind == truck)} == {"truck-"}
    assert naming.device_name("truck", "truck-017") == "Truck 17"


def test_customers_have_different_names(fleet):
    names = [customer.name for customer in fleet.customers]
    assert len(set(names)) == len(names) >= 40


def test_the_history_of_every_sim_follows_the_lifecycle_and_ends_in_its_state(fleet):
    state = dict.fromkeys(range(fleet.size), "inventory")
    last: dict[int, int] = {}
    for step in history.steps(fleet, history.created_days(fleet), 0, fleet.size):
        assert step.from_status == state[step.sim]
        assert Status(step.to_status) in TRANSITIONS[Status(step.from_status)]
        assert Reason(step.reason)
        assert step.day >= last.get(step.sim, -10_000)
        assert step.day < fleet.days - 1
        state[step.sim], last[step.sim] = step.to_status, step.day
    assert [state[sim] for sim in range(fleet.size)] == [fleet.status_name(sim) for sim in range(fleet.size)]


def test_sims_came_into_stock_before_anything_happened_to_them(fleet):
    created = history.created_days(fleet)
    assert all(created[step.sim] <= step.day for step in history.steps(fleet, created, 0, fleet.size))
