"""Which operator a row's visited network is, and in which country."""

from typing import NamedTuple

from iotsim.core.countries import find_countries
from sims import world
from sims.formats.batch import Network
from sims.models import Operator


class Place(NamedTuple):
    """`operator_id` 0 when no operator fits; then `text` is the network as the file names it."""

    operator_id: int = 0
    text: str = ""
    country: str = ""


class Networks:
    """Finds operators in the table of the world's networks and remembers them."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._known: dict[Network, Place] = {Network(): Place()}

    def find(self, network: Network) -> Place:
        if network not in self._known:
            self._known[network] = self._look_up(network)
        return self._known[network]

    def _look_up(self, network: Network) -> Place:
        if network.name:
            return self._place(operator_by_name(network.name), network.name, "")
        country = world.country_by_mcc(network.mcc) or ""
        code = f"{network.mcc}-{network.mnc}".strip("-")
        return self._place(world.operator_by_plmn(network.mcc, network.mnc), code, country)

    def _place(self, operator: world.WorldOperator | None, text: str, country: str) -> Place:
        if not self._ids:
            rows = Operator.objects.values_list("mcc", "mnc", "pk")
            self._ids = {(mcc, mnc): pk for mcc, mnc, pk in rows}
        found = self._ids.get((operator.mcc, operator.mnc)) if operator else None
        return Place(found, "", operator.country) if found and operator else Place(0, text, country)


def operator_by_name(name: str) -> world.WorldOperator | None:
    """The network of that name if it can be but one operator in one country ("Orange France", "Proximus")."""
    candidates = world.operators_named(name)
    if not candidates:
        mentions = world.find_operators(name)
        candidates = tuple(one for mention in mentions[:1] for one in world.operators_named(mention.name))
    countries = {one.country for one in candidates}
    if len(countries) > 1:
        named = {code for _, _, code in find_countries(name)} & countries
        candidates = tuple(one for one in candidates if one.country in named)
        countries = named
    return candidates[0] if len(countries) == 1 else None
