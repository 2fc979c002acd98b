"""Make the role that the application works as, in the database that DATABASE_URL names."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from iotsim.core.tenancy import as_owner
from iotsim.database_roles import ROLE, RoleMissing, create_application_role


class Command(BaseCommand):
    help = "Create the NOLOGIN role that iotsim works as and grant it to the login of DATABASE_URL. Repeatable."
    # The checks refuse a database that has no such role yet.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_owner():
                done = create_application_role()
        except RoleMissing as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(done) if done else f"The role {ROLE} is there already.")
