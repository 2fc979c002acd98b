from django.apps import AppConfig


class CopilotConfig(AppConfig):
    name = "copilot"
    verbose_name = "Copilot"

    def ready(self) -> None:
        # Importing the services is what fills the registry.
        from copilot import relay, services  # noqa: F401
        from iotsim.core import events

        events.listen(relay.hear)
