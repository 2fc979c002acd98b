"""Figures are plain data, harmless whatever SIMs and customers are called."""

import json
from datetime import date, timedelta

from analytics.charts import figures


def test_a_lying_bar_says_its_value_at_its_end_and_the_first_is_on_top():
    figure = figures.lying_bars(["a", "b"], [2.0, 1.0], ["2 GB", "1 GB"], unit="GB")
    [trace] = figure["data"]
    assert trace["x"] == [2.0, 1.0] and trace["text"] == ["2 GB", "1 GB"]
    assert figure["layout"]["yaxis"]["range"] == [1.5, -0.5]
    assert figure["layout"]["yaxis"]["ticktext"] == ["a", "b"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "GB"


def test_more_bars_take_more_room():
    few = figures.lying_bars(["a"] * 3, [1.0] * 3, ["1"] * 3, unit="SIMs")["layout"]["height"]
    many = figures.lying_bars(["a"] * 25, [1.0] * 25, ["1"] * 25, unit="SIMs")["layout"]["height"]
    assert few == figures.HEIGHT < many


def test_two_sims_of_one_name_stay_two_bars():
    figure = figures.lying_bars(["pump", "pump"], [2.0, 1.0], ["2", "1"], unit="GB")
    assert figure["data"][0]["y"] == [0, 1]


def test_a_name_from_outside_is_no_markup_for_plotly():
    assert figures.name_of('<a href="//x">y</a>') == '&lt;a href="//x"&gt;y&lt;/…'
    assert figures.name_of("pump\u202e\u2066 7\n") == "pump 7"
    assert len(figures.name_of("x" * 200)) == figures.LONGEST_NAME


def test_parts_stack_up_and_an_empty_part_is_left_out():
    parts = [("Plans", [3.0, 1.0]), ("Overage", [0.5, 0.0]), ("Records", [0.0, 0.0])]
    figure = figures.stacked_bars(["a", "b"], parts, ["3.50", "1.00"], unit="EUR")
    assert [one["name"] for one in figure["data"]] == ["Plans", "Overage"]
    assert figure["layout"]["barmode"] == "stack" and figure["layout"]["showlegend"]
    assert [(one["x"], one["text"]) for one in figure["layout"]["annotations"]] == [(3.5, "3.50"), (1.0, "1.00")]


def test_one_part_alone_needs_no_legend():
    figure = figures.stacked_bars(["a"], [("Plans", [3.0]), ("Overage", [0.0])], ["3.00"], unit="EUR")
    assert "showlegend" not in figure["layout"]


def test_the_quota_is_a_rule_across_and_the_axis_reaches_the_end_of_the_cycle():
    start = date(2026, 11, 1)
    days = [start + timedelta(days=n) for n in range(3)]
    figure = figures.filling(days, [10**9, 2 * 10**9, 3 * 10**9], 10**10, end=date(2026, 11, 30))
    assert figure["data"][0]["y"] == [1.0, 2.0, 3.0]
    assert figure["layout"]["shapes"][0]["y0"] == 10.0
    assert figure["layout"]["xaxis"]["range"] == ["2026-11-01", "2026-11-30"]
    assert "shapes" not in figures.filling(days, [1, 2, 3], None, end=days[-1])["layout"]


def test_at_most_five_series_in_one_accent_and_greys():
    assert len(figures.COLOURS) <= 5 and figures.COLOURS[0] == "var(--blue)"
    assert all(one.startswith(("var(--ink", "var(--line")) for one in figures.COLOURS[1:])


def test_every_figure_travels_as_json():
    json.dumps(
        [
            figures.lying_bars([], [], [], unit="GB"),
            figures.standing_bars(["a"], [1], ["1"], unit="GB"),
            figures.stacked_bars([], [("Plans", [])], [], unit="EUR"),
            figures.filling([date(2026, 1, 1)], [0], None, end=date(2026, 1, 31)),
        ]
    )
