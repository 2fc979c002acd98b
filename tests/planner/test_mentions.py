"""SIMs, actions, states, operators, countries and names in a sentence."""

from collections.abc import Callable
from datetime import date

import pytest

from iotsim.core.countries import countries, find_countries, parse_country
from iotsim.core.slots import Found, SlotContext
from sims.mentions import find_sims
from sims.proper_names import find_customer, find_new_tag, find_operator, find_plan, find_search, find_tag
from sims.speech import find_actions, find_attention, find_order, find_states

CONTEXT = SlotContext(today=date(2026, 11, 22))
Finder = Callable[[str, SlotContext], list[Found]]


def values(find: Finder, text: str, context: SlotContext = CONTEXT) -> list[object]:
    return [one.value for one in find(text, context)]


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("suspend SIM ending in 3456", ["3456"]),
        ("the one that ends with 3456", ["3456"]),
        ("pause ...7788 and *1234", ["7788", "1234"]),
        ("8944 5000 0000 1234 567 details", ["8944500000001234567"]),
        ("what did +49 170 1234567 use", ["+491701234567"]),
        ("IMSI 262011234567890", ["262011234567890"]),
        ("SIM#3456", ["3456"]),
        ("sim3456 details", ["3456"]),
        ("suspend truck-17", ["truck-17"]),
        ('open the SIM called "Pump 4"', ["Pump 4"]),
        ("history of truck 17", ["truck 17"]),
        ("tag 3456, 7890 and 1234", ["3456", "7890", "1234"]),
    ],
)
def test_a_sim_is_found_as_the_person_names_it(text: str, refs: list[str]) -> None:
    assert values(find_sims, text) == refs


@pytest.mark.parametrize(
    "text", ["usage in 2026", "over 5000 MB", "job 1234", "top 20", "since September 2026", "last 30 days"]
)
def test_years_sizes_and_numbers_of_other_things_are_no_sims(text: str) -> None:
    assert values(find_sims, text) == []


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("kill 3456", "suspend"),
        ("cut 3456 off", "suspend"),
        ("put 3456 on hold", "suspend"),
        ("I want 3456 blocked", "suspend"),
        ("set 3456 to inactive", "deactivate"),
        ("switch the SIM 3456 off", "deactivate"),
        ("wake up 3456", "resume"),
        ("turn 3456 back on", "resume"),
        ("lift the suspension on 3456", "resume"),
        ("reactivate 3456", "activate"),
        ("reactivate the suspended SIM 3456", "resume"),
        ("turn all inactive cards back on", "activate"),
    ],
)
def test_an_action_is_read_from_everyday_words(text: str, action: str) -> None:
    assert values(find_actions, text) == [action]


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("paused cards", ["suspended"]),
        ("which SIMs are not active", ["inactive"]),
        ("what is in stock", ["inventory"]),
        ("test ready SIMs", ["test_ready"]),
        ("active and suspended SIMs", ["active", "suspended"]),
        ("SIMs that are not suspended", []),
        ("the most active SIMs", []),
    ],
)
def test_a_state_is_read_from_everyday_words(text: str, states: list[str]) -> None:
    assert values(find_states, text) == states


@pytest.mark.parametrize(
    ("find", "text", "expected"),
    [
        (find_order, "heavy users", ["-usage"]),
        (find_order, "lowest usage first", ["usage"]),
        (find_attention, "who is over their quota", ["over_quota"]),
        (find_attention, "SIMs close to the limit", ["near_quota"]),
        (find_operator, "SIMs on Vodafon", ["Vodafone"]),
        (find_operator, "play it again and save my life", []),
        (find_plan, "on the Smart 500 plan", ["Smart 500"]),
        (find_plan, "plan IoT Basic using over 5GB", ["IoT Basic"]),
        (find_tag, "SIMs tagged north-fleet", ["north-fleet"]),
        (find_tag, "priority-tagged SIMs", ["priority"]),
        (find_new_tag, "add the tag 'north fleet' to 3456", ["north fleet"]),
        (find_new_tag, "remove blue from 3456", ["blue"]),
        (find_customer, "customer ACME", ["ACME"]),
        (find_customer, "ACME's SIMs", ["ACME"]),
        (find_customer, "how many SIMs do I have", []),
        (find_search, "labels containing 'depot'", ["depot"]),
    ],
)
def test_names_and_orders_are_found(find: Finder, text: str, expected: list[str]) -> None:
    assert values(find, text) == expected


def test_a_name_of_the_organisation_is_known_without_a_cue_and_mended_when_misspelt() -> None:
    names = {"plan": ["Fleet 3 GB", "Video 50 GB"]}
    context = SlotContext(today=CONTEXT.today, names=lambda kind: names.get(kind, []))
    assert values(find_plan, "everything on fleet 3 gb over 1 GB", context) == ["Fleet 3 GB"]
    assert values(find_plan, "plan Vidoe 50 GB", context) == ["Video 50 GB"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("German SIMs", ["DE"]),
        ("in the UK", ["GB"]),
        ("SIMs in Deutschland", ["DE"]),
        ("germny", ["DE"]),
        ("DE SIMs", ["DE"]),
        ("tell us about it", []),
        ("the hungry ones in green", []),
        ("Spain and Portugal", ["ES", "PT"]),
    ],
)
def test_countries_are_found_by_name_adjective_and_code(text: str, codes: list[str]) -> None:
    found = find_countries(text, known_word=frozenset({"hungry", "green"}))
    assert [code for _, _, code in found] == codes


def test_every_country_is_parsed_from_its_code_and_its_name() -> None:
    assert len(countries()) == 250
    for code, country in countries().items():
        assert parse_country(code.lower()) == code
        assert parse_country(country.name) == code
    with pytest.raises(ValueError, match="is not a country"):
        parse_country("Atlantis")


def test_a_long_name_is_known_by_its_first_words_each_by_itself() -> None:
    names = {"customer": ["Lavandier Logistique SAS", "Larkhill Haulage Ltd", "Larkhill Foods"]}
    context = SlotContext(today=CONTEXT.today, names=lambda kind: names.get(kind, []))
    text = "and Lavandier Logistique and Larkhill haulage?"
    assert values(find_customer, text, context) == ["Lavandier Logistique", "Larkhill haulage"]
    assert values(find_customer, "SIMs owned here by Lavandier", context) == ["Lavandier"]
