"""Whether a model may have read text from outside in this conversation: then what it wants to change needs a click.

What it read once may go on in its own words, so all of the branch counts: results that have no room in the messages
any more, the page or the program's context of an earlier question, and whatever was said in a conversation of others.
"""

from collections.abc import Iterable

from copilot.branches import tree_of
from copilot.context import PageContext
from copilot.history import Turn, has_read
from copilot.models import Run


def has_read_outside(run: Run, turns: Iterable[Turn]) -> bool:
    """For the branch that ends with this run, whose turns these are; inside the tenant's transaction."""
    if any(has_read(turn) for turn in turns):
        return True
    path = tree_of(run.thread, head_id=run.pk).path
    contexts = Run.objects.filter(pk__in=path).exclude(context={}).values_list("context", flat=True)
    return any(PageContext.read(one).is_untrusted for one in contexts)
