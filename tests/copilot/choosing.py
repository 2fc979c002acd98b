"""What an organisation has chosen, written down for a test."""

from typing import Any

from django.db import connection

from copilot.models import CopilotSettings
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant


async def choose(actor: Any, **fields: Any) -> None:
    """The organisation's copilot settings as given; the rest as it was."""
    await in_thread(_write, actor.organization_id, fields)


def _write(organization_id: int, fields: dict[str, Any]) -> None:
    try:
        with tenant(organization_id):
            CopilotSettings.objects.update_or_create(organization_id=organization_id, defaults=fields)
    finally:
        connection.close()
