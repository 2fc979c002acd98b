"""manage.py evaluate_churn FILE.csv.gz [--target COLUMN] [--id COLUMN] [--json]: how well churn is foreseen."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from analytics.churn.boosting import CannotLearn
from analytics.churn.comparison import Row, compare
from analytics.churn.table import BadTable, Table, read_table

LEAST: Final = 50  # fewer who left than that, and five folds would measure chance
HEADS: Final = ("AUC", "avg. precision", "lift 10 %", "Brier", "calibration error", "seconds")


class Command(BaseCommand):
    help = (
        "Foresee a yes/no column of any table of customers: our calibrated LightGBM beside XGBoost and plainer models, "
        "each judged by five stratified folds on customers it has not seen."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV with a header, plain or gzipped")
        parser.add_argument("--target", help="the yes/no column (Churn, Exited, ... are found without)")
        parser.add_argument("--id", help="the column that names the customer; it is not learned from")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            table = read_table(options["file"], target=options["target"], name=options["id"])
            _must_be_enough(table)
            rows, notes = compare(table)
        except (BadTable, CannotLearn) as error:
            raise CommandError(str(error)) from error
        for note in notes:
            self.stderr.write(note)
        if options["json"]:
            self.stdout.write(json.dumps(_figures(table, rows)))
        else:
            self._print(table, rows)

    def _print(self, table: Table, rows: list[Row]) -> None:
        churned = int(table.left.sum())
        self.stdout.write(
            f"{len(table.left):,} customers, {churned:,} with {table.target} = yes ({churned / len(table.left):.1%})"
        )
        self.stdout.write(f"{'':36}" + "".join(f"{head:>19}" for head in HEADS))
        for row in rows:
            figures = [f"{value:>19.4f}" for name, value in row.as_dict().items() if name not in ("model", "seconds")]
            self.stdout.write(f"{row.model:36}{''.join(figures)}{row.seconds:>19.1f}")


def _must_be_enough(table: Table) -> None:
    churned = int(table.left.sum())
    rarer = min(churned, len(table.left) - churned)
    if rarer < LEAST:
        side = "yes" if churned == rarer else "no"
        raise CommandError(
            f"Only {rarer:,} of {len(table.left):,} customers have {table.target} = {side}: "
            f"it cannot be learned yet, at least {LEAST} of each are needed."
        )


def _figures(table: Table, rows: list[Row]) -> dict[str, Any]:
    return {
        "rows": [row.as_dict() for row in rows],
        "target": table.target,
        "customers": len(table.left),
        "churned": int(table.left.sum()),
    }
