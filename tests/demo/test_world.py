"""The table of the world's operators: networks by number, operators by name, and names in sentences."""

import subprocess
import sys

import pytest

from iotsim.core.countries import countries
from sims import world


def test_it_lists_the_networks_of_the_whole_world():
    assert 1500 < len(world.operators()) < 3000
    assert len({operator.country for operator in world.operators()}) > 200
    assert len({operator.plmn for operator in world.operators()}) == len(world.operators())


def test_countries_are_codes_the_platform_knows_or_none_for_shared_networks():
    used = {operator.country for operator in world.operators()}
    assert used - set(countries()) == {""}
    assert {operator.mcc for operator in world.operators() if not operator.country} == {"901", "902", "995"}


@pytest.mark.parametrize(
    ("mcc", "mnc", "name", "country"),
    [
        ("262", "01", "Telekom", "DE"),
        ("228", "01", "Swisscom", "CH"),
        ("310", "410", "AT&T", "US"),
        ("311", "480", "Verizon", "US"),
        ("234", "30", "EE", "GB"),
        ("234", "20", "Three", "GB"),
        ("901", "28", "Vodafone", ""),
    ],
)
def test_a_network_is_found_by_its_numbers(mcc, mnc, name, country):
    operator = world.operator_by_plmn(mcc, mnc)
    assert (operator.name, operator.country) == (name, country)


@pytest.mark.parametrize(("mcc", "mnc"), [("262", "1"), ("262", "001"), ("262", " 01 ")])
def test_lost_and_added_zeros_of_an_mnc_are_understood(mcc, mnc):
    assert world.operator_by_plmn(mcc, mnc).plmn == "26201"


def test_a_three_digit_mnc_that_lost_its_zero_is_understood():
    assert world.operator_by_plmn("310", "30").plmn == "310030"


def test_an_imsi_shows_its_network_with_two_and_with_three_digits():
    assert world.plmn_of_imsi("262015550001234") == ("262", "01")
    assert world.plmn_of_imsi("310410123456789") == ("310", "410")
    assert world.operator_by_imsi("310410123456789").name == "AT&T"


def test_unknown_numbers_give_nothing():
    assert world.operator_by_plmn("999", "99") is None
    assert world.plmn_of_imsi("999991234567890") is None
    assert world.plmn_of_imsi("") is None
    assert world.country_by_mcc("000") is None


@pytest.mark.parametrize(
    ("mcc", "country"), [("262", "DE"), ("310", "US"), ("316", "US"), ("234", "GB"), ("901", None)]
)
def test_a_mobile_country_code_names_a_country(mcc, country):
    assert world.country_by_mcc(mcc) == country


@pytest.mark.parametrize(
    ("name", "brands"),
    [
        ("Deutsche Telekom", ("Telekom",)),
        ("t-mobile", ("T-Mobile",)),
        ("TMobile", ("T-Mobile",)),
        ("T Mobile USA", ("T-Mobile",)),
        ("at and t", ("AT&T",)),
        ("ATT", ("AT&T",)),
        ("3", ("Three",)),
        ("Telefónica Germany", ("O2",)),
        ("Telekom Deutschland GmbH", ("Telekom",)),
        ("Hutchison 3G UK Ltd", ("Three",)),
        ("nobody at all", ()),
    ],
)
def test_an_operator_is_found_by_its_other_names(name, brands):
    assert world.brands_of(name) == brands


def test_a_group_stands_for_all_its_brands():
    assert set(world.brands_of("telefonica")) == {"Movistar", "O2", "Telefónica", "Vivo"}
    assert {"DE", "ES", "GB", "BR"} <= world.countries_of("Telefonica")


def test_every_alias_names_an_operator_of_the_table():
    brands = {brand for names in world.aliases().values() for brand in names}
    assert brands <= set(world.operator_names())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SIMs on Deutsche Telekom", [("Deutsche Telekom", "Telekom")]),
        ("which T-Mobile SIMs roam at AT&T?", [("T-Mobile", "T-Mobile"), ("AT&T", "AT&T")]),
        ("Vodafone's SIMs", [("Vodafone", "Vodafone")]),
        ("suspend SIM ending in 3456", []),
        ("the top 3 SIMs over 5GB", []),
    ],
)
def test_operators_are_found_in_a_sentence(text, found):
    assert [(mention.text, mention.name) for mention in world.find_operators(text)] == found


def test_a_name_that_is_an_everyday_word_is_not_sure():
    mentions = {mention.text: mention.sure for mention in world.find_operators("smart meters on three or on Orange")}
    assert mentions == {"smart": False, "three": False, "Orange": True}


def test_it_is_read_only_when_somebody_asks():
    code = "import sys; import sims.world as w; print(w.operators.cache_info().currsize, 'django' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["0", "False"]
