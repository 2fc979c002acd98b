"""Suggestions as rows: those that are found again stay, new ones come, those whose fact is gone go."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from analytics.models import Suggestion
from analytics.suggesting import anomalies, intakes, quotas, savings
from analytics.suggesting.found import Found
from iotsim.core.effects import announce
from iotsim.core.tenancy import tenant

if TYPE_CHECKING:
    from django.db.models import QuerySet

FINDERS: Final[Mapping[str, Callable[[int], list[Found]]]] = {
    "quota": quotas.find,
    "savings": savings.find,
    "anomaly": anomalies.find,
    "intake": intakes.find,
}
_WRITTEN: Final = [one.name for one in fields(Found) if one.name not in ("key", "kind", "order")] + ["rank"]
_TOLD: Final = [name for name in _WRITTEN if name not in ("as_of", "expires_at")]  # what somebody would see change


def refresh(organization_id: int, kinds: Iterable[str] = tuple(FINDERS)) -> int:
    """Work the suggestions of these kinds out anew. Answers how many there are of them."""
    count = 0
    for kind in kinds:
        with tenant(organization_id):
            found = FINDERS[kind](organization_id)
            keep(organization_id, found, Suggestion.objects.filter(organization_id=organization_id, kind=kind))
            count += len(found)
    return count


def refresh_sims(organization_id: int, sim_ids: Sequence[int]) -> None:
    """The same of the quotas of a few SIMs, inside the tenant's transaction."""
    mine = Suggestion.objects.filter(organization_id=organization_id, kind="quota", sim_id__in=list(sim_ids))
    keep(organization_id, quotas.find(organization_id, sim_ids), mine)


def keep(organization_id: int, found: Sequence[Found], standing: "QuerySet[Suggestion]") -> None:
    """Let `standing` become what was found; whoever looks at them hears of it when something differs."""
    known = {row.key: row for row in standing}
    rows = [_row(organization_id, one) for one in found]
    gone = known.keys() - {row.key for row in rows}
    differs = [row for row in rows if row.key not in known or _told(row) != _told(known[row.key])]
    if rows:
        Suggestion.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["organization", "key"], update_fields=_WRITTEN
        )
    if gone:
        standing.filter(key__in=gone).delete()
    if gone or differs:
        announce(organization_id, {"suggestion": []})


def _row(organization_id: int, one: Found) -> Suggestion:
    values = {name: getattr(one, name) for name in ("key", "kind", *_WRITTEN)}
    return Suggestion(organization_id=organization_id, **values)


def _told(row: Suggestion) -> list[object]:
    return [getattr(row, name) for name in _TOLD]
