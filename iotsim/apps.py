"""The wiring as a Django application: it registers the system checks and carries the set-up commands."""

from django.apps import AppConfig


class IotsimConfig(AppConfig):
    name = "iotsim"
    label = "iotsim"
    verbose_name = "iotsim"

    def ready(self) -> None:
        from iotsim import checks  # noqa: F401 (registers the checks)
