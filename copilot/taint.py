"""Whether a model may have read text from outside in this conversation: then what it wants to change needs a click.

What it read once may go on in its own words, so all of the branch counts: results that have no room in the messages
any more, the page or the program's context of an earlier question, and whatever was said in a conversation of others.
"""

from collections.abc import Iterable
from typing import Any

from copilot.branches import tree_of
from copilot.context import PageContext
from copilot.history import Turn, has_read
from copilot.models import Run


def has_read_outside(run: Run, turns: Iterable[Turn]) -> bool:
    """For the branch that ends with this run, whose turns these are; inside the tenant's transaction."""
    if any(has_read(turn) for turn in turns):
        return True
    return any(PageContext.read(one).is_untrusted for one in _contexts_until(run))


def _contexts_until(run: Run) -> Iterable[dict[str, Any]]:
    if run.first_seq == 1:  # nothing was before it
        return [run.context]
    path = tree_of(run.thread, head_id=run.pk).path
    return Run.objects.filter(pk__in=path).exclude(context={}).values_list("context", flat=True)
