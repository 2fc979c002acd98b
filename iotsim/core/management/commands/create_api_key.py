"""`create_api_key --as EMAIL`: make an API key for a member and print it, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from iotsim.core.errors import IotsimError
from iotsim.core.keys import create_key
from iotsim.core.members import membership_of


class Command(BaseCommand):
    help = "Make an API key for a member of an organisation and print it. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="whose key it is")
        parser.add_argument("--org", metavar="SLUG", help="in which organisation, for a member of several")
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--scopes", nargs="+", metavar="SCOPE", help="limit it to these permissions")
        parser.add_argument("--days", type=int, help="how many days it is good for; without end if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        try:
            membership = membership_of(options["email"], options["org"])
            _, key = create_key(
                membership,
                name=options["name"],
                scopes=options["scopes"],
                expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            )
        except IotsimError as error:
            raise CommandError(error.sentence) from error
        self.stdout.write(key)
