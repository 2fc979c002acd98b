"""`create_organization NAME --owner EMAIL`: the first organisation of an installation, or another one."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.text import slugify

from iotsim.core.models import Membership, Organization, User
from iotsim.core.roles import Role


class Command(BaseCommand):
    help = "Make an organisation and its owner; a new owner's password is printed this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as people read it")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="a person here already, or a new one")
        parser.add_argument("--slug", default="", help="a short name for commands; made from the name if not given")
        parser.add_argument("--time-zone", default="UTC", metavar="ZONE", help="where its days begin: Europe/Berlin")
        parser.add_argument("--currency", default="EUR", metavar="ISO", help="three letters: EUR")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["owner"].strip().lower()
        row = Organization(
            name=options["name"],
            slug=options["slug"] or slugify(options["name"])[:60],
            time_zone=options["time_zone"],
            currency=options["currency"].upper(),
        )
        try:
            validate_email(email)
            row.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        password = self._make(row, email)
        self.stdout.write(f"{row.name} ({row.slug}) belongs to {email}.")
        if password:
            self.stdout.write(f"The password is {password}: change it after the first sign-in.")

    def _make(self, row: Organization, email: str) -> str:
        """The password of a new owner; empty for a person who has one."""
        with transaction.atomic():
            row.save()
            owner = User.objects.filter(email=email).first()
            password = "" if owner else secrets.token_urlsafe(12)
            owner = owner or User.objects.create_user(email, password)
            Membership.objects.create(user=owner, organization=row, role=Role.OWNER.value)
        return password
