from django.apps import AppConfig


class CopilotConfig(AppConfig):
    name = "copilot"
    verbose_name = "Copilot"

    def ready(self) -> None:
        # Importing the services is what fills the registry.
        from copilot import pages, relay, services  # noqa: F401
        from copilot.attachments import members
        from iotsim.core import events, named_sets

        named_sets.fill("attachment", members)
        pages.declare()
        events.listen(relay.hear)
