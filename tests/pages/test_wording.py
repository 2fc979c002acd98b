"""How values read on a page."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from iotsim.core.templatetags import iotsim as tags


def shown(template: str, address: str = "/", **context: object) -> str:
    context["request"] = RequestFactory().get(address)
    return Template("{% load iotsim %}" + template).render(Context(context))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0\u00a0B"),
        (999, "999\u00a0B"),
        (4_120_000_000, "4.12\u00a0GB"),
        (999_999, "1.00\u00a0MB"),
        (41_234_567, "41.2\u00a0MB"),
        (-5_000, "−5.00\u00a0kB"),
        (None, "–"),
    ],
)
def test_a_size_has_three_significant_figures_and_a_decimal_unit(size, text):
    assert shown("{{ size|size }}", size=size) == text


@pytest.mark.parametrize(
    ("size", "text"), [(4_120_400_000, "4,120"), (12_345_678, "12.3"), (500, "&lt; 0.001"), (0, "0")]
)
def test_a_column_of_megabytes_has_bare_numbers(size, text):
    assert shown("{{ size|megabytes }}", size=size) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(82, 100, "82 %"), (1, 1000, "< 1 %"), (59_997, 60_000, "> 99 %"), (5, 5, "100 %"), (0, 9, "0 %"), (1, 0, "–")],
)
def test_a_percentage_never_rounds_to_none_or_all(part, whole, text):
    assert tags.percent(part, whole).replace("\u00a0", " ") == text


def test_money_has_its_currency_and_a_difference_its_sign():
    assert shown("{{ 123450|money:'EUR' }} {{ 500|money:'CHF' }}") == "€1,234.50 CHF\u00a05.00"
    assert [tags.money_change(cents, "EUR") for cents in (1200, -300, 0)] == ["+€12.00", "−€3.00", "no change"]


def test_a_time_is_relative_and_shows_the_absolute_one_in_the_organisations_zone():
    with timezone.override("Europe/Berlin"):
        text = shown("{{ at|ago }}", at=datetime(2025, 7, 1, 22, 30, tzinfo=UTC))
    assert 'title="2 Jul 2025, 00:30:00 CEST"' in text and "ago</time>" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (86_400 * 40, "1 month ago"), (-7200, "in 2 hours")],
)
def test_relative_times_read_like_speech(seconds, text):
    now = timezone.now()
    assert tags.relative(now - timedelta(seconds=seconds), now=now) == text


def test_figures_older_than_a_day_are_marked():
    old, fresh = timezone.now() - timedelta(days=2), timezone.now()
    assert "stale" in shown("{{ at|as_of }}", at=old) and "stale" not in shown("{{ at|as_of }}", at=fresh)
    assert shown("{{ at|as_of }}", at=None) == "no usage yet"


def test_an_iccid_has_its_last_four_digits_bold():
    assert shown("{{ '8949020000001234567'|iccid }}") == '<span class="iccid">894902000000123<b>4567</b></span>'


def test_what_people_typed_is_escaped():
    assert "<script>" not in shown("{{ x|iccid }}{{ x|state }}{% copy x %}", x="<script>1</script>")


def test_a_quota_bar_warns_from_eighty_percent_and_alarms_above_all_of_it():
    assert "soon" in shown("{% quota_bar 80 100 %}") and "over" in shown("{% quota_bar 101 100 %}")
    assert "soon" not in shown("{% quota_bar 79 100 %}") and "no quota" in shown("{% quota_bar 5 None %}")
    assert "137\u00a0×" in shown("{% quota_bar 137 1 %}")


def test_a_changed_query_keeps_the_other_filters_and_begins_at_the_first_page():
    text = shown("{% query sort='iccid' %}", "/sims/?status=active&status=inactive&cursor=x")
    assert text == "?status=active&amp;status=inactive&amp;sort=iccid"


def test_arguments_read_in_one_line():
    given = {"min_usage": 5_000_000_000, "sims": [str(n) for n in range(7)], "plan": None}
    assert (
        tags.arguments(given).replace("\u00a0", " ") == "min usage: 5.00 GB, sims: 0, 1, 2, 3, 4 and 2 more, plan: none"
    )


def test_days_and_changes_read_in_words():
    assert tags.day(date(2025, 11, 2)) == "2 Nov 2025"
    assert [tags.more_or_less(x) for x in (0.12, -0.031, 0.001)] == ["12\u00a0% more", "3\u00a0% less", "the same"]
