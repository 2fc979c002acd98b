"""The wiring as a Django application: it registers the system checks, makes changes live and carries the commands."""

from django.apps import AppConfig


class IotsimConfig(AppConfig):
    name = "iotsim"
    label = "iotsim"
    verbose_name = "iotsim"

    def ready(self) -> None:
        from iotsim import broadcast, checks  # noqa: F401 (registers the checks)
        from iotsim.core import events

        events.listen(broadcast.publish)  # in every process: what a worker or a command changes is live too
