"""How people name a SIM, and what they are told when it does not work."""

import pytest

from iotsim.core.errors import Ambiguous, Invalid, NotFound
from sims.services.customers import get_customer
from sims.services.fleet import find_sims, get_sim_details
from tests.fleet import make_customer, make_plan, make_sim

ICCID = "8949000000000013456"


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, iccid=ICCID, label="Pump 4", imsi="262011234567890", msisdn="4915112345678")


@pytest.mark.parametrize(
    "name",
    [
        ICCID, "8949 0000 0000 0013 456", ICCID[:-1], ICCID + "7", "3456", "...3456", "*3456", "13456", ICCID + "F",
        "pump 4", "PUMP 4", "262011234567890", "+49 151 12345678", "4915112345678", "004915112345678",
    ],
)  # fmt: skip
def test_a_sim_is_known_by(actor, sim, name):
    assert get_sim_details(actor, sim=name).iccid == ICCID


def test_an_ending_that_fits_several_lists_them(actor, organisation, sim):
    other = make_sim(organisation, iccid="8949000000000093456", label="Pump 5")
    with pytest.raises(Ambiguous) as error:
        get_sim_details(actor, sim="3456")
    assert error.value.candidates == [f"{ICCID} (Pump 4)", f"{other.iccid} (Pump 5)"]
    assert "Give more digits" in error.value.sentence
    assert get_sim_details(actor, sim="93456").iccid == other.iccid


def test_a_label_wins_over_an_ending(actor, organisation, sim):
    named = make_sim(organisation, label="3456")
    assert get_sim_details(actor, sim="3456").iccid == named.iccid


@pytest.mark.parametrize(
    ("name", "words"), [("456", "too short"), ("9999", "No SIM is called 9999"), ("'; --", "No SIM")]
)
def test_a_name_that_fits_nothing_is_told(actor, sim, name, words):
    with pytest.raises(NotFound, match=words):
        get_sim_details(actor, sim=name)


def test_an_unknown_plan_names_the_nearest(actor, organisation):
    make_plan(organisation, "IoT Basic")
    with pytest.raises(NotFound, match="Did you mean IoT Basic"):
        find_sims(actor, plan="iot basc")


def test_a_customer_may_be_named_by_its_beginning(actor, organisation):
    acme = make_customer(organisation, "Acme Logistics GmbH")
    sim = make_sim(organisation, customer=acme)
    assert [row.iccid for row in find_sims(actor, customer="acme").items] == [sim.iccid]
    make_customer(organisation, "Acme Water")
    with pytest.raises(Ambiguous, match="Acme Logistics GmbH, Acme Water"):
        find_sims(actor, customer="acme")


def test_an_unknown_operator_names_the_nearest(actor):
    with pytest.raises(NotFound, match="Vodafone"):
        find_sims(actor, operator="Vodafnoe")


def test_a_country_is_understood_by_name_and_refused_by_nonsense(actor, organisation):
    sim = make_sim(organisation, country="DE")
    make_sim(organisation, country="FR")
    for country in ("DE", "de", "Germany"):
        assert [row.iccid for row in find_sims(actor, country=country).items] == [sim.iccid]
    with pytest.raises(Invalid):
        find_sims(actor, country="Atlantis")


def test_a_customer_is_known_by_name_or_number(actor, organisation):
    acme = make_customer(organisation)
    make_customer(organisation, "#99999999")
    assert get_customer(actor, customer=f"#{acme.pk}").name == "Acme"
    assert get_customer(actor, customer="#99999999").name == "#99999999"
    with pytest.raises(NotFound, match=r"^There is no customer with the number 99999998\.$"):
        get_customer(actor, customer="#99999998")
