"""manage.py evaluate_copilot: asks the suite of conversations of a model, and says what of it was right."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from copilot.evaluation.cases import chosen, suite
from copilot.evaluation.running import Wish, evaluate, offered
from copilot.models import EvaluationCase, EvaluationRun
from iotsim.core.errors import IotsimError
from iotsim.core.models import Organization
from iotsim.core.sandbox import PREFIX


class Command(BaseCommand):
    help = (
        "Ask the copilot the conversations of the suite, in an organisation made for it, and compare what comes of "
        "them with what must. Results are kept and shown on the page Evaluations. Ends with 1 when a case fails."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", default="", help="such as openai/gpt-4o-mini or builtin/planner; else as set up")
        parser.add_argument("--repeat", type=int, default=1, help="ask every case so often (models vary)")
        parser.add_argument("--only", default="", help="a category, tag or name of cases")
        parser.add_argument("--org", default="", help="slug of the organisation that keeps the results")
        parser.add_argument("--list", action="store_true", help="list the cases and ask nothing")
        parser.add_argument("--json", action="store_true", help="print every case as JSON")
        parser.add_argument("--least", type=float, default=100.0, help="the share of cases that must pass, in percent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                self._list(options["only"])
                return
            row = self._evaluate(options)
        except IotsimError as error:
            raise CommandError(error.sentence) from error
        share = 100 * row.passed / row.done if row.done else 0.0
        if share < options["least"]:
            raise CommandError(f"{row.passed} of {row.done} cases passed ({share:.1f} %).", returncode=1)

    def _list(self, only: str) -> None:
        for case in chosen(suite(), only):
            self.stdout.write(f"{case.category:12} {case.name}: {' / '.join(one.ask[:60] for one in case.turns)}")

    def _evaluate(self, options: dict[str, Any]) -> EvaluationRun:
        cases: list[EvaluationCase] = []

        def on_case(row: EvaluationRun, case: EvaluationCase) -> None:
            cases.append(case)
            if not options["json"]:
                self._tell(row, case)

        if options["repeat"] < 1:
            raise CommandError("--repeat must be 1 or more.")
        wish = Wish(options["model"] or offered()[0], options["only"], options["repeat"], who="manage.py")
        row = evaluate(_organization(options["org"]), wish, on_case)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(row, cases), ensure_ascii=False, indent=1))
        else:
            self._table(row, cases)
        return row

    def _tell(self, row: EvaluationRun, case: EvaluationCase) -> None:
        mark = "ok  " if case.passed else "FAIL"
        self.stdout.write(f"{mark} {row.done:3}/{row.total} {case.category:12} {case.name} ({case.duration_ms} ms)")
        for turn in case.turns:
            missed = [one["words"] for one in turn["assertions"] if not one["held"]]
            if missed:
                called = "; ".join(f"{one['name']} {one['arguments']}" for one in turn["calls"]) or "nothing"
                self.stdout.write(f"       asked   {turn['question'][:110]}\n       called  {called[:160]}")
                self.stdout.write(f"       said    {(turn['answer'] or turn['error'])[:200]}")
                self.stdout.write(f"       missed  {'; '.join(missed)}")

    def _table(self, row: EvaluationRun, cases: list[EvaluationCase]) -> None:
        asked, passed = Counter(one.category for one in cases), Counter(one.category for one in cases if one.passed)
        self.stdout.write(f"\n{row.model}, suite {row.suite_hash}, version {row.version}")
        for category in asked:
            share = 100 * passed[category] / asked[category]
            self.stdout.write(f"{category:14}{passed[category]:5} of {asked[category]:3}{share:8.1f} %")
        self.stdout.write(f"{'all':14}{row.passed:5} of {row.done:3}{100 * row.passed / max(row.done, 1):8.1f} %")
        spent = "unknown" if row.cost is None else f"${row.cost:.4f}"
        took = sum(one.duration_ms for one in cases) / 1000
        self.stdout.write(f"{row.input_tokens:,} tokens in, {row.output_tokens:,} out, cost {spent}, {took:.1f} s")


def _organization(slug: str) -> Organization:
    """The one named, or the only one there is, or the demo's."""
    rows = Organization.objects.exclude(slug__startswith=PREFIX).order_by("pk")
    named = rows.filter(slug=slug or "demo").first()
    if named is None and not slug and rows.count() == 1:
        named = rows.first()
    if named is None:
        known = ", ".join(rows.values_list("slug", flat=True)[:10]) or "none yet"
        raise CommandError(f"Say with --org which organisation keeps the results. There is {known}.")
    return named


def _as_json(row: EvaluationRun, cases: list[EvaluationCase]) -> dict[str, Any]:
    fields = ("name", "category", "attempt", "passed", "duration_ms", "input_tokens", "output_tokens", "turns")
    return {
        "run": row.pk, "model": row.model, "suite": row.suite_hash, "version": row.version, "passed": row.passed,
        "total": row.total, "cost": None if row.cost is None else float(row.cost),
        "cases": [{name: getattr(one, name) for name in fields} for one in cases],
    }  # fmt: skip
