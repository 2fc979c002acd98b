"""Editing what people keep about a SIM: its label, whose it is, what it is in. Two may do so at once."""

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Moved
from iotsim.core.models import AuditEvent, AuditSubject
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from sims.examples import EXAMPLES
from sims.lifecycle import Status
from sims.models import Device, Sim
from sims.naming import find_customer, find_sim
from sims.parameters import CUSTOMER_SLOT, SimRef
from sims.renaming import NEW_DEVICE, NEW_LABEL
from sims.schemas.editing import FieldChange, SimEdit

BLANK: Final = {"x-blank": True}  # an emptied field of the form means "none", not "as it is"
FIELDS: Final = ("label", "customer", "device")

Label = Annotated[
    str | None,
    Field(max_length=120, description="What people call it; empty: no label", json_schema_extra=BLANK),
    NEW_LABEL,
]
Owner = Annotated[
    str | None,
    Field(max_length=120, description="Its customer, by name; empty: none", json_schema_extra=BLANK),
    CUSTOMER_SLOT,
]
Machine = Annotated[
    str | None,
    Field(max_length=120, description="The device it is in; a new name adds it; empty: none", json_schema_extra=BLANK),
    NEW_DEVICE,
]
Seen = Annotated[
    str | None,
    Field(
        max_length=120,
        description="What the caller saw there; if somebody has changed it since, nothing is changed and 409 says who",
        json_schema_extra=BLANK,
    ),
]


def _undo(actor: Actor, arguments: BaseModel, result: SimEdit) -> Undo | None:
    if not result.changes:
        return None
    before = {one.field: one.before for one in result.changes}
    seen = {f"expected_{one.field}": one.after for one in result.changes}
    return Undo("update_sim", {"sim": result.iccid, **before, **seen})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="sims/{sim}/edit",
    examples=EXAMPLES["update_sim"],
    title="Edit SIM",
    undo=_undo,
)
def update_sim(
    actor: Actor,
    *,
    sim: SimRef,
    label: Label = None,
    customer: Owner = None,
    device: Machine = None,
    expected_label: Seen = None,
    expected_customer: Seen = None,
    expected_device: Seen = None,
) -> SimEdit:
    """Change the label, customer or device of one SIM. What is not given, or given as it was seen, stays."""
    found = find_sim(actor, sim, lock=True)
    if found.status == Status.RETIRED:
        raise Conflict(f"SIM {found.short_name} is retired, which is final: it cannot be edited.")
    now = _values(found)
    asked = dict(zip(FIELDS, (label, customer, device), strict=True))
    seen = dict(zip(FIELDS, (expected_label, expected_customer, expected_device), strict=True))
    mine = {name: value for name, value in asked.items() if value is not None and value != seen[name]}
    _refuse_if_moved(actor, found, now, mine, seen)
    changes = [FieldChange(field=name, before=now[name], after=value) for name, value in mine.items()]
    changes = [one for one in changes if one.before != one.after]
    for one in changes:
        _set(actor, found, one)
    if changes:
        found.save(update_fields=FIELDS)
        touch("sim", [found.pk])
    return SimEdit(sentence=_sentence(found, changes), iccid=found.iccid, label=found.label, changes=changes)


def _values(sim: Sim) -> dict[str, str]:
    return {
        "label": sim.label.strip(),
        "customer": sim.customer.name.strip() if sim.customer else "",
        "device": sim.device.name.strip() if sim.device else "",
    }


def _refuse_if_moved(
    actor: Actor, sim: Sim, now: dict[str, str], mine: dict[str, str], seen: dict[str, str | None]
) -> None:
    """Two may change different things at once; the second to change the same thing is told what, who and when."""
    moved = [name for name, value in mine.items() if seen[name] is not None and now[name] not in (seen[name], value)]
    if not moved:
        return
    what = " and ".join(f"the {name} from {_words(seen[name])} to {_words(now[name])}" for name in moved)
    raise Moved(
        f"{_who_and_when(actor, sim)} changed {what} on this SIM, so nothing of yours was saved.",
        field=moved[0],
        current={f"expected_{name}": now[name] for name in moved},
    )


def _who_and_when(actor: Actor, sim: Sim) -> str:
    about = AuditSubject.objects.filter(kind="sim", object_id=sim.pk)
    edits = AuditEvent.objects.filter(service__in=["update_sim", "undo_call"], outcome="done")
    last = edits.filter(pk__in=about.values("event_id")).order_by("-pk").first()
    if last is None:
        return "Meanwhile an import"
    return f"At {last.at.astimezone(ZoneInfo(actor.time_zone)):%H:%M} {last.who}"


def _set(actor: Actor, sim: Sim, change: FieldChange) -> None:
    """Put the new value on the SIM, unsaved; `change` gets the name as it is written there."""
    if change.field == "label":
        sim.label = change.after
    elif change.field == "device":
        sim.device = _device(actor, sim, change.after)
    else:
        if not change.after and actor.customer_ids is not None:
            raise Denied("Your access is limited to some customers, so a SIM must stay with one of them.")
        sim.customer = find_customer(actor, change.after) if change.after else None
        change.after = sim.customer.name if sim.customer else ""


def _device(actor: Actor, sim: Sim, name: str) -> Device | None:
    """The device of that name that the actor may know of, else a new one."""
    if not name:
        return None
    known: dict[str, Any] = {} if actor.customer_ids is None else {"customer_id__in": actor.customer_ids}
    rows = Device.objects.filter(organization_id=actor.organization_id, name=name, **known)
    return rows.order_by("pk").first() or Device.objects.create(
        organization_id=actor.organization_id, name=name, customer_id=sim.customer_id
    )


def _sentence(sim: Sim, changes: list[FieldChange]) -> str:
    if not changes:
        return f"SIM {sim.short_name} stayed as it was."
    what = "; ".join(f"the {one.field} is {_words(one.after)} now, it was {_words(one.before)}" for one in changes)
    return f"SIM {sim.short_name}: {what}."


def _words(value: str | None) -> str:
    return f'"{value}"' if value else "none"
