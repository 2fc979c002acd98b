"""Keyset pages: a cursor says where the last page ended, so that no page costs more than the first."""

from typing import Annotated, Any, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from iotsim.core.errors import Invalid

M = TypeVar("M", bound=Model)

Cursor = Annotated[
    str | None,
    Field(description="Where the last page ended: its next_cursor", max_length=400),
]


def newest_page(rows: "QuerySet[M, Any]", cursor: str | None, limit: int) -> tuple[list[M], str | None]:
    """A page of rows, newest id first, and the cursor of the next page (None at the end)."""
    if cursor:
        if not cursor.isdecimal():
            raise Invalid("The cursor is not one of ours; start without it.", field="cursor")
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None
