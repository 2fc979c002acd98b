"""Sizes and counts as people write them."""

from datetime import date

import pytest

from iotsim.core.bounds import find_bytes
from iotsim.core.counts import find_limit
from iotsim.core.quantities import find_sizes, parse_bytes, read_number
from iotsim.core.slots import SlotContext

CONTEXT = SlotContext(today=date(2026, 11, 22))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5GB", 5_000_000_000),
        ("1.5 GiB", 1_610_612_736),
        ("500 mb", 500_000_000),
        ("2 gigabytes", 2_000_000_000),
        ("five gigs", 5_000_000_000),
        ("half a gig", 500_000_000),
        ("two and a half GB", 2_500_000_000),
        ("1,500 MB", 1_500_000_000),
        ("1,5 GB", 1_500_000_000),
        ("one hundred and fifty MB", 150_000_000),
        ("a gig and a half", 1_500_000_000),
        ("0 bytes", 0),
        ("1000", 1000),
    ],
)
def test_a_size_is_read_in_decimal_units_unless_an_i_is_written(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "five", "GB", "5 apples", "5GB and 6GB", "-5GB", True, 9.3e30, "99999999999 TB"])
def test_what_is_no_size_is_refused_in_a_sentence(text: object) -> None:
    with pytest.raises(ValueError, match=r"is not a size|out of range"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["5G coverage", "2G and 4G", "SIM 3456", "top 5", "a b", "in 2026"])
def test_radio_generations_and_plain_numbers_are_no_sizes(text: str) -> None:
    assert find_sizes(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SIMs over 5GB", [("min", 5_000_000_000)]),
        ("5 GB or more", [("min", 5_000_000_000)]),
        ("5GB+", [("min", 5_000_000_000)]),
        ("less than a gig", [("max", 1_000_000_000)]),
        ("no more than 2GB", [("max", 2_000_000_000)]),
        ("between 1GB and 3GB", [("min", 1_000_000_000), ("max", 3_000_000_000)]),
        ("between two and four gigs", [("min", 2_000_000_000), ("max", 4_000_000_000)]),
        ("from 1GB to 2GB", [("from", 1_000_000_000), ("to", 2_000_000_000)]),
        ("more than 1GB but less than 3GB", [("min", 1_000_000_000), ("max", 3_000_000_000)]),
        ("by 1GB", [("by", 1_000_000_000)]),
        ("unused SIMs", [("max", 0)]),
        ("have not used any data", [("max", 0)]),
    ],
)
def test_a_size_carries_the_role_its_words_give_it(text: str, expected: list[tuple[str, int]]) -> None:
    found = sorted(find_bytes(text, CONTEXT), key=lambda one: one.start)
    assert [(one.role, one.value) for one in found] == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("top 5 SIMs", 5),
        ("the ten least used", 10),
        ("a dozen SIMs in Spain", 12),
        ("last 5 imports", 5),
        ("twenty-five heaviest", 25),
        ("which SIM uses the most data", 1),
        ("my biggest data hog", 1),
    ],
)
def test_how_many_are_asked_for(text: str, count: int) -> None:
    assert find_limit(text, CONTEXT)[0].value == count


@pytest.mark.parametrize("text", ["last 7 days", "SIM 3456", "over 5GB", "which SIMs used the most"])
def test_days_endings_and_sizes_are_no_counts(text: str) -> None:
    assert find_limit(text, CONTEXT) == []


@pytest.mark.parametrize(
    ("text", "number"), [("2,000", 2000), ("twenty-one", 21), ("half a dozen", 6), ("nothing", None)]
)
def test_numbers_are_read_from_words_and_digits(text: str, number: int | None) -> None:
    assert read_number(text) == number
