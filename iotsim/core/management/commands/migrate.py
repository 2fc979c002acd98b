"""`migrate` as the owner of the tables, then the grants that the application's role needs."""

from typing import Any

from django.apps import apps
from django.core.management.commands.migrate import Command as DjangoMigrate

from iotsim.core.models import TenantModel
from iotsim.core.tenancy import as_owner, grant_platform_tables


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
            if options["app_label"] is None:
                grant_platform_tables(platform_tables())


def platform_tables() -> list[str]:
    """Tables of managed models that belong to no tenant and are meant to be written by the application."""
    return [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not issubclass(model, TenantModel) and not getattr(model, "reference_data", False)
    ]
