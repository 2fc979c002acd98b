"""`manage.py evaluate_anomalies`: the detector against labelled fleets. No database is needed."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError

if TYPE_CHECKING:
    from sims.demo.recipe import Recipe

HELD_OUT: Final = 101  # the detector was tuned on seeds below 100
END: Final = date(2026, 3, 31)
MOST_SIMS, MOST_DAYS, FEWEST_DAYS = 1_000_000, 730, 29


class Command(BaseCommand):
    help = (
        "Scan a labelled demo fleet and print precision, recall by kind, alerts in 10,000 SIM-days, days to detection "
        "and the precision of suspensions. Seeds below 100 were used for tuning, 101 and above were not. "
        "An alert is true when its days meet those of a labelled anomaly of its SIM or the two days after; the first "
        "14 days of each SIM are for learning, and events that end in them are counted as undetectable."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        from sims.demo.recipe import Recipe

        parser.add_argument("--sims", type=int, default=20_000, help="how many SIMs (20000)")
        parser.add_argument("--days", type=int, default=180, help="how many days (180)")
        parser.add_argument("--seed", type=int, default=HELD_OUT, help=f"another fleet for each number ({HELD_OUT})")
        parser.add_argument("--budget", type=float, default=None, help="alerts in 10,000 SIM-days (3)")
        parser.add_argument("--sensitivity", type=float, default=None, help="2 finds things half as strong (1)")
        parser.add_argument("--others", action="store_true", help="also twenty fleets unlike the demo's, a row each")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        usual = Recipe()
        for field in fields(Recipe):
            if isinstance(getattr(usual, field.name), float):
                name = f"--{field.name.replace('_', '-')}"
                parser.add_argument(name, type=float, default=None, help=f"of the fleet ({getattr(usual, field.name)})")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        rows = [self._judge(name, recipe, options) for name, recipe in _recipes(options)]
        if options["json"]:
            self.stdout.write(json.dumps({"rows": rows} if options["others"] else rows[0]))
        elif options["others"]:
            self._print_rows(rows)
        else:
            self._print(rows[0])

    def _judge(self, name: str, recipe: "Recipe", options: dict[str, Any]) -> dict[str, Any]:
        from analytics.anomalies import Settings, scan
        from analytics.evaluation.anomaly_matching import judge
        from analytics.evaluation.labelled_days import labelled_days
        from sims.demo.fleet import make_fleet

        given = {name: options[name] for name in ("budget", "sensitivity") if options[name] is not None}
        labelled = labelled_days(make_fleet(options["sims"], options["days"], END, options["seed"], recipe=recipe))
        began = time.perf_counter()
        found = scan(labelled.days, options["sims"], Settings(**given))
        seconds = time.perf_counter() - began
        of_what = {"fleet": name, "seed": options["seed"], "sims": options["sims"], "days": options["days"]}
        return {**of_what, "seconds": round(seconds, 2), **judge(labelled, found.findings)}

    def _print(self, row: dict[str, Any]) -> None:
        say = self.stdout.write
        say(f"{row['sims']:,} SIMs over {row['days']} days, seed {row['seed']}, scanned in {row['seconds']} s.")
        rate = row["alerts_per_10000_sim_days"]
        say(f"{row['alerts']} alerts, {rate} in 10,000 SIM-days; precision {row['precision']}.")
        say(f"{row['events']} events that could be found, recall {row['recall']}.")
        say(f"{row['undetectable_events']} more were over while their SIM was being learnt.")
        for one in row["kinds"]:
            say(
                f"  {one['kind']:14} {one['events']:5} events   recall {one['recall']}   "
                f"median days to detection {one['median_days_to_detection']}"
            )
        say(f"Suspension by two evidences: {row['suspensions']} SIMs, precision {row['suspension_precision']}.")

    def _print_rows(self, rows: list[dict[str, Any]]) -> None:
        self.stdout.write(f"{'fleet':28} precision  recall  alerts/10k  suspensions right")
        for row in rows:
            right = f"{row['suspension_precision']} of {row['suspensions']}"
            self.stdout.write(
                f"{row['fleet']:28} {row['precision']!s:>9} {row['recall']!s:>7} "
                f"{row['alerts_per_10000_sim_days']!s:>11}  {right}"
            )


def _recipes(options: dict[str, Any]) -> Iterator[tuple[str, "Recipe"]]:
    from analytics.evaluation.other_fleets import OTHER_FLEETS
    from sims.demo.recipe import USUAL, Recipe

    turned = {one.name: options[one.name] for one in fields(Recipe) if options.get(one.name) is not None}
    if not options["others"]:
        yield (
            ", ".join(f"{name} {value:g}" for name, value in turned.items()) or "as the demo",
            replace(USUAL, **turned),
        )
        return
    for name, recipe in OTHER_FLEETS.items():
        yield name, replace(recipe, **turned)


def _check(options: dict[str, Any]) -> None:
    """Raises CommandError for numbers that cannot be."""
    if not 1 <= options["sims"] <= MOST_SIMS:
        raise CommandError(f"--sims is {options['sims']:,}; it may be 1 to {MOST_SIMS:,}.")
    if not FEWEST_DAYS <= options["days"] <= MOST_DAYS:
        raise CommandError(
            f"--days is {options['days']}; it may be {FEWEST_DAYS} to {MOST_DAYS}: the first 14 teach the detector."
        )
    if options["seed"] < 0:
        raise CommandError(f"--seed is {options['seed']}; it may not be negative.")
    for name in ("budget", "sensitivity"):
        if options[name] is not None and not options[name] > 0:
            raise CommandError(f"--{name} is {options[name]}; it must be above 0.")
