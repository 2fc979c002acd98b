"""`manage.py seed_demo`: two demo organisations with SIMs, usage, people and a log-in."""

import time
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from iotsim import env
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.tenancy import as_owner

if TYPE_CHECKING:
    from sims.demo.organizations import DemoOrganization, Order

MOST_SIMS = 1_000_000
MOST_DAYS = 730
OLDEST_DAYS = 9 * 365  # partitions for usage reach back ten years


class Command(BaseCommand):
    help = "Fill the organisation demo, and a small second one named harbour, with invented but believable SIMs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sims", type=int, default=2000, help=f"how many SIMs, 1 to {MOST_SIMS:,} (2000)")
        parser.add_argument("--days", type=int, default=120, help=f"how many days of usage, 1 to {MOST_DAYS} (120)")
        parser.add_argument("--end-date", type=_day, default=None, help="the last day, as 2026-03-31 (today, UTC)")
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same fleet (1)")
        parser.add_argument("--replace", action="store_true", help="delete the SIMs that are there and begin anew")
        parser.add_argument("--if-empty", action="store_true", help="leave alone what has SIMs already")

    def handle(self, *args: Any, **options: Any) -> None:
        from sims.demo.login import demo_password, write_login
        from sims.demo.organizations import BOTH, Order, count_sims, fill, find_or_make

        began, now = time.monotonic(), datetime.now(UTC)
        order = Order(options["sims"], options["days"], options["end_date"] or now.date(), options["seed"])
        _check(order, now.date())
        sizes = {demo: count_sims(find_or_make(demo)) for demo in BOTH}
        if any(sizes.values()) and not (options["replace"] or options["if_empty"]):
            raise CommandError(_refusal(sizes))
        wanted = [demo for demo in BOTH if options["replace"] or not sizes[demo]]
        if not wanted:
            return
        password = demo_password(settings.DATA_DIR, env.text("DEMO_PASSWORD"))
        people = [(email, role.value, demo.slug) for demo in BOTH for email, role in demo.people]
        write_login(settings.DATA_DIR, password, people)
        made = [
            fill(demo, order, now=now, password=password, data=settings.DATA_DIR, progress=self._progress(demo))
            for demo in wanted
        ]
        with (
            as_owner(),
            connection.cursor() as cursor,
        ):  # else the first pages are planned as for empty tables
            cursor.execute("ANALYZE")
        for organization in made:  # in the background, once a worker is there
            registry.get("run_analytics_night").call(Actor.system(organization), {})
        self.stdout.write(f"The demo was made in {time.monotonic() - began:.1f} s.")
        self.stdout.write(f"Sign in as {people[0][0]} with the password {password}")

    def _progress(self, demo: "DemoOrganization") -> Any:
        def say(done: int, total: int) -> None:
            self.stdout.write(f"{demo.name} ({demo.slug}): {done:,} of {total:,} SIMs.")
            self.stdout.flush()

        return say


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _check(order: "Order", today: date) -> None:
    """Raises CommandError for numbers and dates that cannot be."""
    if not 1 <= order.sims <= MOST_SIMS:
        raise CommandError(f"--sims is {order.sims:,}; it may be 1 to {MOST_SIMS:,}.")
    if not 1 <= order.days <= MOST_DAYS:
        raise CommandError(f"--days is {order.days:,}; it may be 1 to {MOST_DAYS}.")
    if order.end_date > today:
        raise CommandError(f"--end-date {order.end_date} is in the future; the latest is today, {today} (UTC).")
    if (today - order.end_date).days > OLDEST_DAYS - MOST_DAYS:
        raise CommandError(f"--end-date {order.end_date} is too long ago; it may be up to six years back.")
    if order.seed < 0:
        raise CommandError(f"--seed is {order.seed}; it may not be negative.")


def _refusal(sizes: "dict[DemoOrganization, int]") -> str:
    found = " and ".join(f"{demo.slug} has {count:,} SIMs" for demo, count in sizes.items() if count)
    return f"The organisation {found} already. Add --replace to delete them and begin anew."
