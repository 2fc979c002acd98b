from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from django.apps import AppConfig

if TYPE_CHECKING:
    from iotsim.core.brought import Brought, Code


class SimsConfig(AppConfig):
    name = "sims"
    verbose_name = "SIM fleet"

    def ready(self) -> None:
        # Importing the services is what fills the registry.
        from iotsim.core import brought, limits, notifications, sandbox, subjects
        from sims import pages, services  # noqa: F401
        from sims.demo import small
        from sims.naming import customer_ids_named, customer_names, sim_id
        from sims.parameters import CUSTOMER_SLOT, SIM_SLOT

        pages.declare()
        notifications.lead("import_usage", lambda result: f"/imports/{result['id']}/")
        notifications.lead("import_sims", lambda result: f"/imports/{result['id']}/")
        notifications.lead("generate_report", lambda result: "/reports/")
        notifications.lead("check_quotas", lambda result: "/alerts/")
        subjects.fill(subjects.KIND, find_id=sim_id, slot=SIM_SLOT)
        brought.fill(read=_read_brought, as_jpeg=_as_jpeg, identify=_identify)
        limits.fill(find=customer_ids_named, names=customer_names, slot=CUSTOMER_SLOT)
        sandbox.fill(make=small.make, empty=small.empty)


def _read_brought(content: "BinaryIO") -> "Brought":
    from sims.formats.brought import read  # with what reads tables and pictures, when there is one to read

    return read(content)


def _as_jpeg(content: "BinaryIO") -> bytes:
    from sims.formats.brought import as_jpeg

    return as_jpeg(content)


def _identify(said: "Mapping[str, Sequence[str]]", text: str) -> "list[Code]":
    from sims.formats.label_text import identify

    return identify(said, text)
