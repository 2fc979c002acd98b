"""Pages of a list that may hold millions of rows: nothing is ever counted to its end."""

from functools import cached_property
from django.core.paginator import Paginator
from django.db.models import QuerySet

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to MOST_ROWS and no further: who looks for something beyond narrows the list by search or filter."""

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return int(rows.order_by()[:MOST_ROWS].count())
