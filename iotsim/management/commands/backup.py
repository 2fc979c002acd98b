"""Write the whole installation into one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from iotsim.backups import BackupFailed, write_backup
from iotsim.core.tenancy import as_owner
from iotsim.core.wording import counted, size
from iotsim.processes import StartFailed
from iotsim.standing import servers


class Command(BaseCommand):
    help = "Write the database and all stored files into one file; iotsim may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write; it must not exist yet")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with servers(alone=False), as_owner():
                manifest = write_backup(file)
        except (BackupFailed, StartFailed) as error:
            raise CommandError(str(error)) from error
        stored = counted(manifest.files, "stored file")
        self.stdout.write(
            f"{file} holds the database and {stored} ({size(file.stat().st_size)}). Keep it where only you can read it."
        )
        for name in manifest.missing_files:
            self.stdout.write(f"{name} was deleted meanwhile and is not in it.")
