"""Keyset pages of SIMs in any of the orders people ask for."""

import base64
import binascii
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q

from iotsim.core.errors import Invalid
from iotsim.core.raw import clean

if TYPE_CHECKING:
    from sims.models import Sim
    from sims.models.fleet import SimQuerySet

FIELDS = {
    "usage": "cycle_bytes",
    "iccid": "iccid",
    "label": "label_lower",
    "last_seen": "last_seen_at",
    "status": "status",
}


def page(rows: "SimQuerySet", sort: str, cursor: str | None, limit: int) -> "tuple[list[Sim], str | None]":
    """`limit` rows in the order `sort` ("-usage": heaviest first) after `cursor`, and the next cursor."""
    field, falling = FIELDS[sort.removeprefix("-")], sort.startswith("-")
    if cursor:
        rows = rows.filter(_after(field, falling, *_read(cursor, sort)))
    found = list(rows.order_by(_order(field, falling), "-pk" if falling else "pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _write(sort, getattr(last, field), last.pk)


def _order(field: str, falling: bool) -> Any:
    """Never seen comes first when rising and last when falling, so that one index serves both ways."""
    if field != "last_seen_at":
        return F(field).desc() if falling else F(field).asc()
    return F(field).desc(nulls_last=True) if falling else F(field).asc(nulls_first=True)


def _after(field: str, falling: bool, value: Any, pk: int) -> Q:
    beyond, past_id = ("lt", Q(pk__lt=pk)) if falling else ("gt", Q(pk__gt=pk))
    if value is None:
        same = Q(**{f"{field}__isnull": True}) & past_id
        return same if falling else same | Q(**{f"{field}__isnull": False})
    further = Q(**{f"{field}__{beyond}": value}) | (Q(**{field: value}) & past_id)
    if field == "last_seen_at":
        return further | Q(**{f"{field}__isnull": True}) if falling else further
    # The plain bound beside it is what an index range can use.
    return Q(**{f"{field}__{beyond}e": value}) & further


def _write(sort: str, value: Any, pk: int) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([sort, plain, pk]).encode()).decode().rstrip("=")


def _read(cursor: str, sort: str) -> tuple[Any, int]:
    wrong = Invalid("The cursor is not one of this list; start without it.", field="cursor")
    try:
        made_for, value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != sort or not isinstance(pk, int):
            raise wrong
        return _value(sort.removeprefix("-"), value), pk
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise wrong from error


def _value(field: str, value: Any) -> Any:
    """The value as its column has it. Raises ValueError or TypeError for what no list of ours has written."""
    if field == "last_seen":
        seen = None if value is None else datetime.fromisoformat(value)
        if seen is not None and (seen.tzinfo is None or not 2 < seen.year < 9998):
            raise ValueError("not a time of ours")
        return seen
    fits = isinstance(value, int) if field == "usage" else isinstance(value, str) and clean(value) == value
    if not fits:
        raise TypeError("not a value of ours")
    return value
