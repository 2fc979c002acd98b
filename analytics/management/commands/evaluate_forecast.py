"""manage.py evaluate_forecast FILE.parquet --horizon 30 [--json]: how good the forecasts are on a table of series."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.forecasting.evaluation import ALL, ORIGINS, Row, evaluate
from analytics.forecasting.table import BadTable, read_series

HEADINGS = ("model", "tier", "series", "accuracy", "MASE", "sum error", "80 % steps", "80 % sums", "total", "seconds")


class Command(BaseCommand):
    help = (
        "Judge every forecast on a long table (unique_id, ds, y; parquet or CSV, any sampling interval) by rolling "
        "origins: each is made from the steps before it alone. Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="parquet, or CSV (.csv, .csv.gz)")
        parser.add_argument("--horizon", type=int, default=30, help="steps ahead (days, hours, what the table has)")
        parser.add_argument("--origins", type=int, default=ORIGINS, help="how many forecasts of each series")
        parser.add_argument("--models", nargs="+", default=list(ALL), metavar="MODEL", help=", ".join(ALL))
        parser.add_argument("--limit-series", type=int, metavar="N", help="judge the first N series by name")
        parser.add_argument(
            "--seconds", type=float, default=150.0, help="for the slow models together; beyond it series are left out"
        )
        parser.add_argument("--json", action="store_true", help="print the rows as JSON and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        told = (lambda sentence: None) if options["json"] else self.stdout.write
        for name in ("origins", "limit_series"):
            if options[name] is not None and options[name] < 1:
                raise CommandError(f"--{name.replace('_', '-')} {options[name]} is none: give 1 or more.")
        try:
            series = read_series(options["file"], options["limit_series"])
            for note in series.notes:
                told(note)
            rows = list(
                evaluate(
                    series,
                    options["horizon"],
                    models=options["models"],
                    origins=options["origins"],
                    seconds=options["seconds"],
                    told=told,
                )
            )
        except BadTable as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"rows": [row.as_json() for row in rows]}))
        else:
            self._table(rows)

    def _table(self, rows: list[Row]) -> None:
        line = "{:<22}{:>5}{:>8}{:>10}{:>8}{:>11}{:>12}{:>11}{:>8}{:>10}"
        self.stdout.write(line.format(*HEADINGS))
        for row in rows:
            said = row.score.figures()
            self.stdout.write(
                line.format(
                    row.model,
                    row.tier,
                    f"{row.series:,}",
                    _percent(said["accuracy"]),
                    _number(said["mase"]),
                    _percent(said["cumulative_error_median"]),
                    _percent(said["coverage_80"]),
                    _percent(row.score.sums_80),
                    _percent(said["aggregate_accuracy"]),
                    _number(said["seconds"]),
                )
            )
        self.stdout.write(
            "accuracy: 1 - WAPE; sum error: median of the error of the sum of the horizon; 80 %: how many steps and "
            "sums lay within the bounds; total: accuracy of the sum of all series."
        )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
