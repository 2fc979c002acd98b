"""manage.py evaluate_forecast: any long table, judged by rolling origins."""

import json
from datetime import datetime, timedelta
from io import StringIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command

from analytics.forecasting.evaluation import evaluate, origins_of
from analytics.forecasting.scoring import Answer, Score, naive_error
from analytics.forecasting.table import BadTable, read_series
from tests.analytics.forecasting.fleets import busy

START = datetime(2026, 1, 5)
NAMES = {
    "model", "tier", "horizon", "accuracy", "mase", "cumulative_error_median", "coverage_80", "aggregate_accuracy",
    "seconds",
}  # fmt: skip


def long(values, step=timedelta(days=1), start=START) -> pa.Table:
    """A long table of `values` (T, N)."""
    length, count = values.shape
    stamps = [start + step * n for n in range(length)] * count
    names = np.repeat([f"SIM-{n:03}" for n in range(count)], length)
    return pa.table({"unique_id": names, "ds": stamps, "y": values.T.ravel().astype(float)})


@pytest.fixture
def write(tmp_path):
    def write(table, name="table.parquet"):
        path = tmp_path / name
        if name.endswith("parquet"):
            pyarrow.parquet.write_table(table, path)
        else:
            pyarrow.csv.write_csv(table, path)
        return path

    return write


def run(*arguments) -> str:
    out = StringIO()
    call_command("evaluate_forecast", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_json_is_the_rows_and_nothing_else(write):
    path = write(long(busy(120, 12)))
    said = json.loads(run(path, "--horizon", 14, "--json", "--models", "weekday median", "LightGBM", "SeasonalNaive"))
    assert set(said) == {"rows"} and [set(row) for row in said["rows"]] == [NAMES] * 3
    assert [(row["model"], row["tier"]) for row in said["rows"]] == [
        ("weekday median", 0), ("LightGBM", 1), ("SeasonalNaive", 2),
    ]  # fmt: skip
    tier0, _, naive = said["rows"]
    assert tier0["horizon"] == 14 and 0.7 < tier0["accuracy"] < 0.85 and tier0["accuracy"] > naive["accuracy"]
    assert tier0["mase"] < 0.85 and tier0["aggregate_accuracy"] > 0.75 and 0.7 < tier0["coverage_80"] < 0.9
    assert tier0["seconds"] >= 0


def test_the_table_says_on_how_many_series_each_model_was_judged(write):
    shown = run(write(long(busy(90, 6))), "--horizon", 7, "--models", "weekday median", "SeasonalNaive")
    assert "6 series, 90 steps, season 7, horizon 7, 4 origins" in shown
    assert "weekday median" in shown and "80 % sums" in shown and " %" in shown


def test_slow_models_stand_beside_the_quick_ones(write):
    path = write(long(busy(70, 2, noise=0.1)))
    said = json.loads(
        run(path, "--horizon", 7, "--origins", 1, "--json", "--models", "AutoETS", "DynamicOptimizedTheta")
    )
    assert [row["model"] for row in said["rows"]] == ["DynamicOptimizedTheta", "AutoETS"]
    assert all(row["tier"] == 2 and row["accuracy"] > 0.7 for row in said["rows"])


def test_slow_models_that_get_no_time_are_left_out_and_that_is_said(write):
    shown = run(write(long(busy(70, 2))), "--horizon", 7, "--models", "AutoETS", "--seconds", 0)
    assert "No slow model was ready in time." in shown


def test_hours_are_found_with_their_week_and_csv_is_read(write):
    hours = np.arange(24 * 7 * 6)
    shape = 2 + np.sin(hours / 24 * 2 * np.pi) + (hours // 24 % 7 < 5)
    values = shape[:, None] * np.random.default_rng(0).uniform(0.9, 1.1, (len(hours), 3))
    path = write(long(values, timedelta(hours=1)), "hours.csv")
    shown = run(path, "--horizon", 24, "--models", "weekday median")
    assert "season 168" in shown
    series = read_series(path)
    assert series.step_seconds == 3600 and series.day == 24 and series.period(24 * 10) == 24
    [row] = evaluate(series, 24, models=["weekday median"])
    assert row.score.figures()["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("step", "seasons"),
    [
        (timedelta(minutes=15), (672, 96)),
        (timedelta(hours=1), (168, 24)),
        (timedelta(days=1), (7,)),
        (timedelta(days=7), ()),
        (timedelta(days=30), (12,)),
    ],
)
def test_any_sampling_interval_has_its_seasons(write, step, seasons):
    assert read_series(write(long(np.ones((40, 2)), step))).seasons == seasons


def test_months_are_months(write):
    stamps = [datetime(2020 + n // 12, n % 12 + 1, 1) for n in range(60)]
    values = [100 + 50 * (n % 12 == 11) for n in range(60)]
    series = read_series(write(pa.table({"unique_id": ["a"] * 60, "ds": stamps, "y": values})))
    assert series.values.shape == (60, 1) and not np.isnan(series.values).any()
    [row] = evaluate(series, 12, models=["weekday median"], origins=1)
    assert row.score.figures()["accuracy"] > 0.95


def test_duplicates_gaps_and_order_do_not_matter(write):
    table = long(busy(60, 3))
    order = np.random.default_rng(0).permutation(table.num_rows)
    doubled = pa.concat_tables([table.take(order), table.slice(0, 5)]).filter(
        pa.array(np.r_[order, np.zeros(5, int)] != 30)
    )
    plain, mixed = read_series(write(table)), read_series(write(doubled, "mixed.parquet"))
    assert "duplicate rows" in " ".join(mixed.notes)
    changed = ~np.isclose(plain.values, mixed.values, equal_nan=True)
    assert changed.sum() <= 1 and (not changed.any() or np.isnan(mixed.values[changed]).all())


def test_impossible_values_are_unknown(write):
    values = busy(60, 3).astype(float)
    values[3, 0], values[4, 0], values[5, 1] = -5, np.inf, np.nan
    assert np.isnan(read_series(write(long(values))).values[[3, 4, 5], [0, 0, 1]]).all()


def test_clocks_that_are_put_back_make_duplicates_and_no_error(write):
    stamps = [datetime(2026, 10, 24) + timedelta(hours=n) for n in range(100)]
    stamps[40:] = [stamp - timedelta(hours=1) for stamp in stamps[40:]]
    series = read_series(write(pa.table({"unique_id": ["a"] * 100, "ds": stamps, "y": np.ones(100)})))
    assert series.values.shape == (99, 1) and series.step_seconds == 3600


def test_series_that_end_at_different_times_are_moved_to_end_together(write):
    tables = [long(busy(60, 1, seed=n), start=START + timedelta(days=100 * n)) for n in range(4)]
    named = [table.set_column(0, "unique_id", [[f"S{n}"] * 60]) for n, table in enumerate(tables)]
    series = read_series(write(pa.concat_tables(named)))
    assert np.isfinite(series.values[-1]).sum() >= 3 and "moved to end" in " ".join(series.notes)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (np.zeros((60, 2)), "all zero"),
        (np.full((60, 2), 3.0), "constant"),
        (np.full((60, 2), 1e15), "1e15"),
        (np.where(np.arange(60)[:, None] % 3 == 0, 1.0, np.nan) * np.ones(2), "gaps"),
        (np.where(np.arange(60)[:, None] == 10, 5.0, np.nan) * np.array([1, np.nan]), "one point"),
    ],
)
def test_odd_tables_are_judged_without_an_error(write, values, name):
    said = json.loads(run(write(long(values)), "--horizon", 7, "--json", "--models", "weekday median", "SeasonalNaive"))
    assert [row["model"] for row in said["rows"]] == ["weekday median", "SeasonalNaive"], name
    if name in {"constant", "1e15", "gaps"}:
        assert said["rows"][0]["accuracy"] > 0.99
    if name == "all zero":
        assert said["rows"][0]["accuracy"] is None


@pytest.mark.parametrize(
    ("table", "options", "sentence"),
    [
        (pa.table({"id": [1], "ds": [START], "y": [1.0]}), [], "lacks the column unique_id"),
        (pa.table({"unique_id": ["a"] * 2, "ds": ["soon", "later"], "y": [1.0, 2]}), [], "no date"),
        (pa.table({"unique_id": ["a"] * 2, "ds": [START] * 2, "y": ["x", "y"]}), [], "no number"),
        (pa.table({"unique_id": ["a"], "ds": [START], "y": [1.0]}), [], "single time only"),
        (pa.table({"unique_id": pa.array([], pa.string()), "ds": [], "y": []}), [], "no rows"),
        (long(busy(20, 2)), ["--horizon", "30"], "too short for a horizon of 30: at least 38"),
        (long(busy(60, 2)), ["--horizon", "0"], "horizon of 0 is none"),
        (long(busy(60, 2)), ["--origins", "0"], "--origins 0 is none"),
        (long(busy(60, 2)), ["--limit-series", "0"], "--limit-series 0 is none"),
        (long(busy(60, 2)), ["--horizon", "7", "--models", "Oracle"], "no model Oracle: choose among weekday median"),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(write, table, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(write(table), *options)


def test_a_missing_or_foreign_file_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        run(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(CommandError, match="neither a parquet file nor a CSV"):
        run(tmp_path / "text.parquet")


def test_a_history_too_short_to_train_on_leaves_tier_1_out_and_says_so(write):
    shown = run(write(long(busy(40, 3))), "--horizon", 14, "--models", "weekday median", "LightGBM")
    assert "LightGBM was left out" in shown and "weekday median" in shown.splitlines()[-2]


def test_origins_are_a_horizon_apart_and_closer_when_there_is_little():
    assert origins_of(200, 30, 7, 4) == [170, 140, 110, 80]
    assert origins_of(60, 30, 7, 4) == [30, 25, 20, 15]
    with pytest.raises(BadTable, match="too short"):
        origins_of(40, 30, 7, 4)


def test_figures_are_what_their_names_say():
    came = np.array([[10.0, 10], [20, np.nan]], np.float32)
    middle = np.array([[8.0, 12], [25, 25]], np.float32)
    score = Score()
    score.add(Answer.of_bands(np.stack([middle - 2, middle, middle + 1])), came, np.array([4.0, 5.0]))
    found = score.figures()
    assert found["accuracy"] == pytest.approx(1 - 9 / 40, abs=1e-4)
    assert found["mase"] == pytest.approx((2 / 4 + 5 / 5) / 2)
    assert found["cumulative_error_median"] == pytest.approx((0 + 0.25) / 2)
    assert found["coverage_80"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["aggregate_accuracy"] == pytest.approx(1 - (3 + 2) / 40, abs=1e-4)


def test_the_naive_error_is_that_of_the_cycle_before():
    history = np.array([[1.0, 2, 3, 5, np.nan, 7]], np.float32)
    assert naive_error(history, 2) == pytest.approx([(2 + 3 + 2) / 3])
