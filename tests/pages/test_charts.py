"""Figures are plain data in the tokens of the style sheet."""

import json
from datetime import date, timedelta

from sims import charts
from sims.schemas.fleet import UsageDay, UsageHistory


def days(*totals: int) -> list[UsageDay]:
    start = date(2025, 11, 1)
    return [
        UsageDay(day=start + timedelta(days=n), bytes_up=0, bytes_down=total, sessions=1)
        for n, total in enumerate(totals)
    ]


def history(*totals: int, quota: int | None = None) -> UsageHistory:
    found = days(*totals)
    return UsageHistory(
        start_date=found[0].day,
        end_date=found[-1].day,
        days=found,
        total_bytes=sum(totals),
        average_bytes=0,
        quota_bytes=quota,
    )


def test_the_axis_names_the_unit_that_fits_the_largest_day():
    figure = charts.usage_timeline(days(2_000_000, 3_500_000_000, 1_000))
    assert figure["layout"]["yaxis"]["title"]["text"] == "GB a day"
    assert figure["data"][0]["y"] == [0.002, 3.5]


def test_the_day_that_still_grows_is_dotted():
    settled, growing = charts.usage_timeline(days(1, 2, 3))["data"]
    assert settled["x"][-1] == growing["x"][0] == "2025-11-02" and growing["line"]["dash"] == "dot"


def test_a_quota_is_a_rule_with_its_name_and_height():
    layout = charts.daily_usage(history(10_000_000, quota=600_000_000))["layout"]
    assert layout["shapes"][0]["y0"] == 20.0
    assert layout["annotations"][0]["text"] == "- - - quota spread evenly: 20.0\u00a0MB a day"
    assert "shapes" not in charts.daily_usage(history(10_000_000))["layout"]


def test_nothing_used_draws_an_empty_chart():
    assert charts.daily_usage(history(0, 0))["data"][0]["y"] == [0, 0]
    assert charts.usage_timeline([])["data"][0]["x"] == []


def test_every_figure_travels_as_json():
    json.dumps([charts.usage_timeline(days(1, 2)), charts.daily_usage(history(5, quota=9))])
