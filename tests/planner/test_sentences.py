"""The planner on sentences it has not learned, and the figures it is measured by."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from copilot.planner import Planner
from copilot.planner.evaluation import Row, Verdict, alike, evaluate, figures, read_rows
from copilot.planner.refusals import out_of_scope_sentences
from iotsim.core.slots import SlotContext

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "tests" / "evals" / "planner.jsonl"
ROWS = read_rows(FILE)


def test_there_are_enough_sentences_of_both_kinds() -> None:
    assert len(ROWS) >= 300
    assert sum(not row.tools for row in ROWS) >= 60


def test_no_sentence_is_one_that_the_planner_learns_from(planner: Planner) -> None:
    learned = {sentence for tool in planner.tools.values() for sentence in tool.examples} | set(
        out_of_scope_sentences(())
    )
    plain = {sentence.lower().rstrip("?.! ") for sentence in learned}
    newer = [row for path in sorted(FILE.parent.glob("planner_*.jsonl")) for row in read_rows(path)]
    assert [row.text for row in ROWS + newer if row.text.lower().rstrip("?.! ") in plain] == []


def test_every_accepted_tool_exists(planner: Planner) -> None:
    assert {name for row in ROWS for name in row.tools} - set(planner.tools) == set()


def test_the_planner_keeps_its_figures(planner: Planner, context: SlotContext) -> None:
    every_third = ROWS[::3]  # all of them is what evaluate_planner is for
    report = figures(evaluate(planner, every_third, context))
    assert report["tool_accuracy"] >= 0.97
    assert report["tool_and_arguments_accuracy"] >= 0.96
    assert report["out_of_scope_refused"] >= 0.97


def test_only_the_last_call_counts_and_shares_are_of_their_own_kind_of_rows() -> None:
    first, second = {"name": "find_sims", "arguments": {}}, {"name": "retire_sim", "arguments": {"sim": "3456"}}
    verdicts = [
        Verdict(Row("a", ("retire_sim",), {"sim": "3456"}), [first, second], None),
        Verdict(Row("b", ("find_sims",), {"limit": 5}), [first], None),
        Verdict(Row("c", (), {}), [first], None),
        Verdict(Row("d", (), {}), [], "No."),
    ]
    report = figures(verdicts)
    assert report["rows"] == 4
    assert report["tool_accuracy"] == 1.0
    assert report["tool_and_arguments_accuracy"] == 0.5
    assert report["out_of_scope_refused"] == 0.5
    assert report["predictions"][0] == {"text": "a", "calls": [first, second]}


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("suspended", ["suspended"]),
        (["3456"], "3456"),
        ("Vodafone", "vodafone"),
        ("+49170", "49170"),
        (5, 5),
        (["a", "b"], ["b", "a"]),
    ],
)
def test_arguments_are_compared_leniently(wanted: object, given: object) -> None:
    assert alike(wanted, given)


@pytest.mark.parametrize(
    ("wanted", "given"), [("active", "inactive"), (5, None), (["a", "b"], ["a"]), (5_000_000_000, 5)]
)
def test_other_arguments_are_not_alike(wanted: object, given: object) -> None:
    assert not alike(wanted, given)


@pytest.mark.parametrize("line", ["not json", "[]", '{"tools": []}', '{"text": "a", "tools": 5}'])
def test_a_bad_row_is_named_by_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"text": "a", "tools": []}}\n{line}\n')
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2"):
        read_rows(path)


def test_the_command_prints_figures_and_predictions(
    database: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"text": "usage of 3456 since yesterday", "tools": ["get_usage_history"], '
        '"arguments": {"start_date": "2026-09-29"}}\n{"text": "write a poem", "tools": []}\n'
    )
    call_command("evaluate_planner", str(path), "--today", "2026-09-30", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["tool_and_arguments_accuracy"] == report["out_of_scope_refused"] == 1.0
    assert report["predictions"][0]["calls"][0]["arguments"]["sim"] == "3456"
    call_command("evaluate_planner", str(path))
    assert "tool_accuracy" in capsys.readouterr().out


def test_every_process_plans_alike(tmp_path: Path) -> None:
    """Whatever order its sets are in: a tie that they break would be broken otherwise after each restart."""
    path = tmp_path / "rows.jsonl"
    lines = FILE.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[::40], *(one for one in lines if "_in_bulk" in one or "toggle_" in one)]))
    command = [sys.executable, "manage.py", "evaluate_planner", str(path), "--today", "2026-11-22", "--json"]
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"  # the sentences alone count

    def predictions(seed: str) -> list[Any]:
        surroundings = os.environ | {"PYTHONHASHSEED": seed, "DATABASE_URL": nowhere}
        done = subprocess.run(command, env=surroundings, cwd=ROOT, capture_output=True, text=True, check=True)
        found: list[Any] = json.loads(done.stdout)["predictions"]
        return found

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(predictions, ("0", "2"))
    assert len(first) > 150
    assert first == second


def test_a_missing_file_is_refused_in_a_sentence(database: None) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("evaluate_planner", "nowhere.jsonl")


def test_what_a_service_can_do_is_no_longer_out_of_scope() -> None:
    assert "reboot the device truck-17" in out_of_scope_sentences(["find_sims"])
    assert "reboot the device truck-17" not in out_of_scope_sentences(["find_sims", "reboot_device"])
