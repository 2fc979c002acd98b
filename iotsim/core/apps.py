from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "iotsim.core"
    label = "core"
    verbose_name = "Platform"

    def ready(self) -> None:
        # Importing a services module is what fills the registry.
        from iotsim.core import (  # noqa: F401
            bell,
            deciding,
            invitations,
            keys,
            members,
            organizations,
            services,
            support,
        )
