"""`document_services`: write docs/services.md from the registry."""

from typing import Any

from django.core.management.base import BaseCommand

from iotsim.core.catalogue import PAGE, catalogue


class Command(BaseCommand):
    help = "Write docs/services.md from the registered services."

    def handle(self, *args: Any, **options: Any) -> None:
        PAGE.write_text(catalogue(), encoding="utf-8")
        self.stdout.write(f"{PAGE.name} is written.")
