"""Three sentences that fit the page, taken from the registry's examples."""

from typing import Final

from copilot.tools import AnyService, tools_for
from iotsim.core.actor import Actor

HOW_MANY: Final = 3
SOME_ONE: Final = "{"  # a service about one object: its examples name objects that may not exist here


def suggestions(actor: Actor, *, page: str = "") -> list[str]:
    """The first example of each of the three services nearest to the page; looking before changing."""
    services = [
        one for one in tools_for(actor, planner=False) if one.examples and one.is_read and SOME_ONE not in one.path
    ]
    ranked = sorted(services, key=lambda one: (_distance(one, page), one.app == "core", -len(one.examples), one.name))
    return [one.examples[0] for one in ranked[:HOW_MANY]]


def _distance(service: AnyService, page: str) -> int:
    """0 when the service and the page are about the same, by the first part of their addresses."""
    first = page.split("?", 1)[0].strip("/").split("/", 1)[0]
    ours = service.path.split("/", 1)[0]
    return 0 if first and (ours == first or ours.startswith(f"{first}-")) else 1
