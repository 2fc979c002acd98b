"""Widgets on one's own dashboard: pinning, naming, ordering, removing. What they show is asked for by their page."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from django.db.models import Max
from pydantic import BaseModel, BeforeValidator, Field

from copilot.models import Pin
from copilot.schemas.pins import PinChange, PinOut, PinPage
from copilot.widgets import readable, title_of
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST: Final = 24
LONGEST_ARGUMENTS: Final = 20_000
OPPOSITE: Final = {"earlier": "later", "later": "earlier"}


def _read(value: Any) -> Any:
    """A form sends JSON as text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("Arguments are no JSON object; open the widget anew and pin it from there.") from error


PinId = Annotated[int, Field(description="Number of the pinned widget", gt=0, lt=2**63)]
Title = Annotated[str, Field(description="What it is called", min_length=1, max_length=120)]
Arguments = Annotated[dict[str, Any], BeforeValidator(_read), Field(description="The arguments of that service")]


def pins_of(actor: Actor) -> "QuerySet[Pin]":
    """One's own, and nobody else's; inside the tenant's transaction."""
    return Pin.objects.filter(organization_id=actor.organization_id, user_id=actor.user_id or 0)


def _find(actor: Actor, number: int, *, lock: bool = False) -> Pin:
    rows = pins_of(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no widget {number} on your dashboard.", field="pin")
    return found


def _out(row: Pin, kind: type[PinOut] = PinOut, **more: Any) -> Any:
    same = {name: getattr(row, name) for name in ("id", "service", "arguments", "title", "place")}
    return kind(**same, **more)


@service(permission=Permission.VIEW, risk=Risk.READ, path="copilot/pins", examples=(), title="Pinned widgets")
def list_pins(actor: Actor) -> PinPage:
    """List the widgets on one's own dashboard, from top to bottom: what each asks for, without its answer."""
    rows = list(pins_of(actor).order_by("place", "pk"))
    return PinPage(sentence=f"{counted(len(rows), 'pinned widget')}.", items=[_out(one) for one in rows])


@service(permission=Permission.VIEW, risk=Risk.READ, path="copilot/pins/{pin}", examples=(), title="Pinned widget")
def get_pin(actor: Actor, *, pin: PinId) -> PinOut:
    """Show what one widget of one's own dashboard asks for."""
    row = _find(actor, pin)
    found: PinOut = _out(row, sentence=f"{row.title}.")
    return found


def _undo_pin(actor: Actor, arguments: BaseModel, result: PinOut) -> Undo:
    return Undo("unpin_widget", {"pin": result.id})


@service(
    permission=Permission.VIEW, risk=Risk.WRITE, path="copilot/pins/new", examples=(), title="Pin to the dashboard",
    undo=_undo_pin, people_only=True,
)  # fmt: skip
def pin_widget(
    actor: Actor,
    *,
    service: Annotated[str, Field(description="Name of a service that reads", max_length=80)],
    arguments: Arguments,
    title: Annotated[Title | None, Field(description="What it is called; without it, by what it asks")] = None,
    place: Annotated[int | None, Field(description="Where it stood before; without it, below all others")] = None,
) -> PinOut:
    """Keep a widget on one's own dashboard. It is drawn anew there, with the rights that one has then."""
    asked = readable(service)
    actor.require(asked.permission, doing=f"see {asked.title.lower()}")
    if len(json.dumps(arguments)) > LONGEST_ARGUMENTS:
        raise Invalid("It names too much to be kept; ask for less and pin that.", field="arguments")
    asked.validate(arguments)
    mine = pins_of(actor)
    if mine.filter(service=service, arguments=arguments).exists():
        raise Conflict("It is on your dashboard already.")
    if mine.count() >= MOST:
        raise Conflict(f"{MOST} widgets are on your dashboard, which is the most. Remove one first.")
    below = (mine.aggregate(last=Max("place"))["last"] or 0) + 1
    row = Pin.objects.create(
        organization_id=actor.organization_id,
        user_id=actor.user_id or 0,
        service=service,
        arguments=arguments,
        title=title or title_of(asked, arguments),
        place=below if place is None else place,
    )
    touch("pin", [row.pk])
    made: PinOut = _out(row, sentence=f"“{row.title}” is on your dashboard now.")
    return made


def _undo_removal(actor: Actor, arguments: BaseModel, result: PinOut) -> Undo:
    kept = result.model_dump(include={"service", "arguments", "title", "place"})
    return Undo("pin_widget", kept)


@service(
    permission=Permission.VIEW, risk=Risk.WRITE, path="copilot/pins/{pin}/remove", examples=(),
    title="Remove from the dashboard", undo=_undo_removal, people_only=True,
)  # fmt: skip
def unpin_widget(actor: Actor, *, pin: PinId) -> PinOut:
    """Take a widget off one's own dashboard."""
    row = _find(actor, pin, lock=True)
    gone: PinOut = _out(row, sentence=f"“{row.title}” is no longer on your dashboard.")
    row.delete()
    touch("pin", [pin])
    return gone


def _undo_rename(actor: Actor, arguments: BaseModel, result: PinChange) -> Undo:
    return Undo("rename_pin", {"pin": result.id, "title": result.before})


@service(
    permission=Permission.VIEW, risk=Risk.WRITE, path="copilot/pins/{pin}/title", examples=(), title="Rename widget",
    undo=_undo_rename, people_only=True,
)  # fmt: skip
def rename_pin(actor: Actor, *, pin: PinId, title: Title) -> PinChange:
    """Give a widget of one's own dashboard another title."""
    row = _find(actor, pin, lock=True)
    before, row.title = row.title, title
    row.save(update_fields=["title"])
    touch("pin", [row.pk])
    changed: PinChange = _out(row, PinChange, before=before, sentence=f"The widget is called “{title}” now.")
    return changed


def _undo_move(actor: Actor, arguments: Any, result: PinOut) -> Undo:
    return Undo("move_pin", {"pin": result.id, "direction": OPPOSITE[arguments.direction]})


@service(
    permission=Permission.VIEW, risk=Risk.WRITE, path="copilot/pins/{pin}/place", examples=(), title="Move widget",
    undo=_undo_move, people_only=True,
)  # fmt: skip
def move_pin(
    actor: Actor,
    *,
    pin: PinId,
    direction: Annotated[Literal["earlier", "later"], Field(description="earlier (up) or later (down)")],
) -> PinOut:
    """Move a widget of one's own dashboard one place up or down."""
    rows = list(pins_of(actor).select_for_update().order_by("place", "pk"))
    at = next((n for n, one in enumerate(rows) if one.pk == pin), None)
    if at is None:
        raise NotFound(f"There is no widget {pin} on your dashboard.", field="pin")
    to = at + (1 if direction == "later" else -1)
    if not 0 <= to < len(rows):
        raise Conflict(f"“{rows[at].title}” is the {'last' if direction == 'later' else 'first'} already.")
    rows[at], rows[to] = rows[to], rows[at]
    for place, row in enumerate(rows, 1):
        row.place = place
    Pin.objects.bulk_update(rows, ["place"])
    touch("pin", [one.pk for one in rows])
    words = "below" if direction == "later" else "above"
    moved: PinOut = _out(rows[to], sentence=f"“{rows[to].title}” stands {words} “{rows[at].title}” now.")
    return moved
