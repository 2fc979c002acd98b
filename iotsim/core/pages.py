"""What the pages show: told by the applications they belong to, read by whoever needs to know what "this" means.

An application calls `shows` and `lists` in its `pages.py` as it starts; nobody else knows its routes or services.
"""

from dataclasses import dataclass

Place = tuple[str, str]  # a kind, and the part of the address that names the object


@dataclass(frozen=True)
class Shown:
    """How an object of a kind is looked up: the service, its parameter, the answer's fields with its id and its name.

    A name is taken along only where services know the object by nothing else. `mark` tells a number from a name.
    """

    service: str
    parameter: str
    id: str = "id"
    name: str = ""
    mark: str = ""


_shown: dict[str, Shown] = {}
_places: dict[str, Place] = {}
_lists: dict[str, str] = {}


def shows(kind: str, shown: Shown, **routes: str) -> None:
    """Pages about one object: the name of each route, and the part of its address that names the object."""
    _shown[kind] = shown
    _places.update({route: (kind, part) for route, part in routes.items()})


def lists(service: str, *routes: str) -> None:
    """Pages whose filters are the parameters of this service."""
    _lists.update(dict.fromkeys(routes, service))


def shown(kind: str) -> Shown | None:
    """How an object of that kind is looked up; None when no page shows one."""
    return _shown.get(kind)


def place_of(route: str) -> Place | None:
    """What the page of that route is about; None for pages about no single object."""
    return _places.get(route)


def list_behind(route: str) -> str | None:
    """The service behind the list or figure of that page."""
    return _lists.get(route)
