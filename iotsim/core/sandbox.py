"""A small fleet that is always the same, in an organisation made for trying things out. The domain fills this port."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iotsim.core.models import Organization

Extra = Sequence[Mapping[str, Any]]

_fleets: dict[str, Callable[..., None]] = {}
PREFIX = "evaluation-of-"  # of the slug of such an organisation: nothing else is ever emptied


def fill(*, make: Callable[[Organization, Extra], None], empty: Callable[[Organization], None]) -> None:
    """Tell how the fleet is made, with SIMs that are wanted beside it, and how all of it is deleted."""
    _fleets.update(make=make, empty=empty)


def make_fleet(organization: Organization, extra: Extra = ()) -> None:
    """The fixed fleet, in place of whatever was there. Refuses any organisation that is not for trying things out."""
    empty(organization)
    _fleets["make"](organization, extra)


def empty(organization: Organization) -> None:
    """Delete the organisation's fleet. Refuses any organisation that is not for trying things out."""
    if not is_sandbox(organization):
        raise RuntimeError(f"{organization.slug} is an organisation of people: nothing in it may be deleted")
    _fleets["empty"](organization)


def is_sandbox(organization: Organization) -> bool:
    return organization.slug.startswith(PREFIX)
