"""manage.py evaluate_planner FILE.jsonl [--today D] [--json] [--org SLUG]: how well the offline planner does."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from copilot.planner import planner_for
from copilot.planner.evaluation import Verdict, evaluate, figures, read_rows
from copilot.planner.names import context_for
from iotsim.core.actor import Actor
from iotsim.core.models import Organization
from iotsim.core.slots import SlotContext


class Command(BaseCommand):
    help = (
        "Plan every sentence of a JSONL file without executing anything, and say how many plans are right. "
        'A row: {"text": "...", "tools": ["accepted", ...], "arguments": {...}}; tools [] means nothing must be called.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="JSONL, one row a line")
        parser.add_argument(
            "--today", type=date.fromisoformat, help="the day that 'yesterday' is relative to (YYYY-MM-DD)"
        )
        parser.add_argument("--org", default="demo", help="the organisation whose plans, tags and customers are known")
        parser.add_argument("--json", action="store_true", help="print the figures and every prediction as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = read_rows(options["file"])
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        context = _context(options["org"], options["today"] or date.today())
        verdicts = evaluate(planner_for(()), rows, context)
        if options["json"]:
            self.stdout.write(json.dumps(figures(verdicts), ensure_ascii=False, indent=1))
        else:
            self._table(verdicts)

    def _table(self, verdicts: list[Verdict]) -> None:
        for one in verdicts:
            if not one.right:
                wanted = ", ".join(one.row.tools) or "nothing"
                self.stdout.write(f"{one.row.text}\n  wanted {wanted} {_short(one.row.arguments)}\n  got {_said(one)}")
        for name, value in figures(verdicts).items():
            if name != "predictions":
                self.stdout.write(f"{name:>28}  {value if value is not None else '–'}")


def _short(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False) if arguments else ""


def _said(one: Verdict) -> str:
    return "; ".join(f"{call['name']} {_short(call['arguments'])}" for call in one.calls) or "nothing"


def _context(slug: str, today: date) -> SlotContext:
    """With the organisation's names where there is one; the sentences are understood without, too."""
    try:
        organization = Organization.objects.filter(slug=slug).first()
    except OperationalError:  # no database is running: nothing here needs one
        organization = None
        cast(Any, connection).close_pool()  # or it goes on trying, and says so
    return context_for(Actor.system(organization), today=today) if organization else SlotContext(today=today)
