"""Pages of a list that may hold millions of rows: nothing is ever counted to its end."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to MOST_ROWS and no further: who looks for something beyond narrows the list by search or filter."""

    most_rows = MOST_ROWS

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return int(rows.order_by()[:MOST_ROWS].count())


class BoundedList(ChangeList):
    """A list whose whole is not counted apart: without search or filter, what was counted is the whole."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count
