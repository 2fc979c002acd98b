"""`import_usage FILE... --org SLUG`: bring usage files in, with progress and the result in the terminal."""

import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.jobs import run_job
from iotsim.core.models import Organization
from iotsim.core.registry import get
from iotsim.core.schemas import JobOut
from iotsim.core.services import get_job
from iotsim.core.uploads import store_upload

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = "Bring usage files of known vendors or own mappings into an organisation. Ends with 1 when one is refused."
    service = "import_usage"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="CSV, JSON lines or Excel, also as .gz or .zip"
        )
        parser.add_argument("--month", metavar="YYYY-MM", help="of monthly files whose names do not say it")
        parser.add_argument("--org", required=True, metavar="SLUG", help="the organisation's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["org"]).first()
        if organization is None:
            raise CommandError(f"There is no organisation {options['org']}.")
        self.given = {"month": options["month"]} if options.get("month") else {}
        failed = [path for path in options["files"] if not self._bring_in(Actor.system(organization), path)]
        if failed:
            raise CommandError(f"Not brought in: {', '.join(str(path) for path in failed)}.")

    def _bring_in(self, actor: Actor, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                upload = store_upload(actor, name=path.name, content=file, size_bytes=path.stat().st_size)
            asked: JobOut = get(self.service)(actor, upload_id=upload.id, **self.given)
            job = self._run(actor, asked)
        except (IotsimError, OSError) as error:
            self.stderr.write(error.sentence if isinstance(error, IotsimError) else f"{path}: {error.strerror}.")
            return False
        if job.state != "done":
            self.stderr.write(job.sentence)
            return False
        self._report(job.result or {})
        return True

    def _run(self, actor: Actor, asked: JobOut) -> JobOut:
        """Run the job here, unless a worker was quicker; then watch it."""
        over = threading.Event()
        with self._watched(actor, asked.id, over):
            state = run_job(actor.organization_id, asked.id)
            if state == "not free":
                while not get_job(actor, job=asked.id).is_over:
                    over.wait(LOOK_SECONDS)
        return get_job(actor, job=asked.id)

    @contextmanager
    def _watched(self, actor: Actor, job_id: int, over: threading.Event) -> Iterator[None]:
        """A line of progress on a terminal, from a thread of its own."""

        def watch() -> None:
            try:
                while not over.wait(LOOK_SECONDS):
                    job = get_job(actor, job=job_id)
                    if job.total:
                        self.stdout.write(f"\r{job.done:,} of {job.total:,} rows", ending="")
                        self.stdout.flush()
            finally:
                connection.close()

        if not self.stdout.isatty():
            yield
            return
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.stdout.write("\r", ending="")

    def _report(self, result: dict[str, Any]) -> None:
        self.stdout.write(str(result["sentence"]))
        if result["first_at"]:
            self.stdout.write(f"Usage from {result['first_at']} to {result['last_at']}.")
        for note in result["notes"]:
            self.stdout.write(note)
        if result["refused"]:
            self.stdout.write(f"The refused rows and their reasons: get_intake {result['id']}.")
