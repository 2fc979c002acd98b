"""Put an installation back from one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from iotsim.backups import BackupFailed, restore_backup
from iotsim.core.tenancy import as_owner
from iotsim.core.valkey import client
from iotsim.core.wording import counted
from iotsim.database_roles import RoleMissing, create_application_role
from iotsim.processes import StartFailed
from iotsim.standing import Running, servers


class Command(BaseCommand):
    help = "Put database and stored files back from a file made by `backup`. Nothing else may be running."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file made by `backup`")
        parser.add_argument("--replace", action="store_true", help="give up everything that is in the database now")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            with servers(alone=True):
                with as_owner():
                    create_application_role()
                    manifest = restore_backup(file, replace=replace)
                call_command("migrate", verbosity=0, interactive=False)
                forget_queues()
        except (BackupFailed, RoleMissing, Running, StartFailed) as error:
            raise CommandError(str(error)) from error
        (settings.DATA_DIR / "demo-begun").unlink(missing_ok=True)
        stored = counted(manifest.files, "stored file")
        self.stdout.write(f"The database and {stored} are as they were on {manifest.created_at}.")


def forget_queues() -> None:
    """Queued tasks, caches and copilot streams belong to the database that was there before."""
    for key in client().scan_iter(f"{settings.REDIS_PREFIX}*", count=1000):
        client().delete(key)
