"""Make a database ready to work on: role, migrations and, where nobody has begun yet, the demo organisation."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from iotsim.core.tenancy import as_owner
from iotsim.database_roles import RoleMissing, create_application_role


class Command(BaseCommand):
    help = "Create the application's role, apply the migrations, and seed the demo into an empty database."
    requires_system_checks: list[str] = []  # they come after the role and the tables that they look at

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_owner():
                create_application_role()
        except RoleMissing as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0, interactive=False)
        self.check(databases=["default"])
        self._seed()

    def _seed(self) -> None:
        """The demo, where nobody has begun; also when an earlier start was ended in the midst of it."""
        if not settings.SEED_DEMO:
            return
        begun = settings.DATA_DIR / "demo-begun"
        if begun.exists() or not apps.get_model("core", "Organization").objects.exists():
            begun.touch()
            self.stdout.write("Making the demo organisation.")
            call_command("seed_demo", if_empty=True, stdout=self.stdout)
            begun.unlink()
