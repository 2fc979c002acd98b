"""`evaluate_churn` on tables of others: what it prints, and what it refuses."""

import gzip
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analytics.churn.comparison import has_xgboost
from analytics.churn.table import BadTable, read_table


@pytest.fixture
def table(tmp_path):
    """A table like the telco one: words, numbers, blanks, a yes/no column."""
    rng = np.random.default_rng(4)
    lines = ["customerID,tenure,Contract,TotalCharges,Churn"]
    for n in range(400):
        tenure = int(rng.integers(0, 72))
        monthly = rng.uniform() < 0.5
        leaves = rng.uniform() < (0.55 if monthly else 0.1) * (1 - tenure / 100)
        total = "" if n % 50 == 0 else f"{tenure * 20:.2f}"
        lines.append(
            f"{n:04}-X,{tenure},{'Month-to-month' if monthly else 'Two year'},{total},{'Yes' if leaves else 'No'}"
        )
    path = tmp_path / "customers.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_it_prints_a_row_for_each_model_and_nothing_else(table, capsys):
    call_command("evaluate_churn", str(table), "--json")
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"rows", "target", "customers", "churned"} and found["target"] == "Churn"
    assert found["customers"] == 400 and found["churned"] > 50
    assert {tuple(row) for row in found["rows"]} == {
        ("model", "auc", "average_precision", "lift_10", "brier", "calibration_error", "seconds")
    }
    names = [row["model"] for row in found["rows"]]
    assert names[0].startswith("LightGBM") and "Logistic regression" in names
    assert ("XGBoost" in names) == has_xgboost()
    assert found["rows"][0]["auc"] > 0.7 and found["rows"][0]["calibration_error"] < 0.08


def test_the_target_and_the_names_can_be_given(table, capsys):
    call_command("evaluate_churn", str(table), "--target", "churn", "--id", "CustomerID")
    assert "400 customers" in capsys.readouterr().out


def test_words_become_columns_blanks_are_unknown_and_names_are_left_out(table):
    found = read_table(table)
    assert found.features == ("tenure", "Contract = Two year", "TotalCharges")
    assert np.isnan(found.rows[0, 2]) and set(np.unique(found.rows[:, 1])) == {0, 1}


def test_too_few_who_left_cannot_be_learned_from(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("tenure,churn\n" + "\n".join(f"{n},{'yes' if n < 30 else 'no'}" for n in range(200)))
    with pytest.raises(CommandError, match=r"Only 30 of 200 customers have churn = yes: it cannot be learned yet"):
        call_command("evaluate_churn", str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no rows"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n", "no yes/no column"),
        (b"a,churn\n1,maybe\n", "'maybe', which is neither yes nor no"),
        (b"a,churn\n1,yes\n1\n", "Row 3 of bad.csv has 1 values, the header 2"),
        (b"churn\nyes\nno\n", "no column to learn from"),
        (b"a,churn\n\xff\xfe,yes\n", "cannot be read as CSV"),
    ],
)
def test_a_bad_table_is_refused_in_words(tmp_path, content, words):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(BadTable, match=words):
        read_table(path)


def test_a_file_that_is_not_there_and_a_broken_gzip_are_refused(tmp_path):
    with pytest.raises(BadTable, match="There is no file"):
        read_table(tmp_path / "nothing.csv")
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"not gzip at all")
    with pytest.raises(BadTable, match="cannot be read"):
        read_table(broken)
