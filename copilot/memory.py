"""What a conversation remembers beside its events, read and kept inside the tenant's wall."""

from copilot.choice import Choice
from copilot.masking import Mask, Names
from copilot.masking.names import of_customers, of_people
from copilot.models import Run, Thread, ThreadMemory
from iotsim.core import registry
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Denied, NotFound
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant

_NAMES = "list_filter_choices"  # the service that knows the names an organisation uses


def memory_of(run: Run) -> ThreadMemory:
    """What the run's conversation remembers; an unsaved row when that is nothing."""
    found = None
    if run.first_seq > 1:  # else nothing was before it
        with tenant(run.organization_id, read_only=True):
            found = ThreadMemory.objects.filter(thread_id=run.thread_id).first()
    return found or ThreadMemory(organization_id=run.organization_id, thread_id=run.thread_id)


def keep(organization_id: int, thread_id: int, **fields: object) -> None:
    """Keep these fields, unless the conversation was deleted meanwhile."""
    with tenant(organization_id):
        if Thread.objects.select_for_update(no_key=True).filter(pk=thread_id).exists():
            ThreadMemory.objects.update_or_create(organization_id=organization_id, thread_id=thread_id, defaults=fields)


def mask_of(actor: Actor, choice: Choice, memory: ThreadMemory) -> Mask | None:
    """The mask for what leaves in this person's name; None when nothing is masked."""
    if not choice.masking:
        return None
    names = Names([*of_customers(_customers(actor)), *of_people(_people(actor.organization_id))])
    return Mask({kind: list(values) for kind, values in memory.placeholders.items()}, names, choice.mask_labels)


def _customers(actor: Actor) -> list[str]:
    try:
        known = registry.get(_NAMES)(actor.at(Face.WEB)).model_dump(mode="json")
    except (NotFound, Denied):
        return []
    return [one for one in known.get("customers", []) if isinstance(one, str)]


def _people(organization_id: int) -> list[str]:
    rows = Membership.objects.filter(organization_id=organization_id)
    return [one for one in rows.values_list("user__name", flat=True) if one]
