"""An organisation's own mappings: files that no vendor's format fits, and what their columns mean."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import available_timezones

from django.db.models import Max
from django.utils import timezone
from pydantic import Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.examples import EXAMPLES
from sims.models import Intake, UsageMapping
from sims.schemas.mappings import (
    FIELDS,
    UNIT_BYTES,
    Choices,
    Currency,
    DraftField,
    MappingDraft,
    MappingOut,
    MappingPage,
    SomeChoices,
    SomeTimes,
    SomeUnit,
    TimesKind,
    Unit,
    Zone,
)
from sims.services.intake import IntakeId, intakes_of, require_whole_fleet

if TYPE_CHECKING:
    from sims.formats.declared import Reading

FIRST_CARRIER = 100  # sims.formats.usage.FREE_CARRIER, which costs pyarrow to import
MOST_MAPPINGS = 1000

MappingId = Annotated[int, Field(description="Number of the mapping")]
MappingName = Annotated[str, Field(min_length=1, max_length=80, description="What the mapping is called")]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="mappings",
    examples=EXAMPLES["list_usage_mappings"],
    title="Own mappings",
)
def list_usage_mappings(actor: Actor) -> MappingPage:
    """List the organisation's own mappings of usage files: their names, headers and what each column means."""
    items = [_out(one) for one in _mappings(actor).order_by("name")]
    names = f": {', '.join(one.name for one in items[:10])}" if items else ""
    return MappingPage(sentence=f"{counted(len(items), 'own mapping')}{names}.", items=items)


@service(
    permission=Permission.OPERATE, risk=Risk.READ, path="intakes/{intake}/mapping", examples=[], title="Map columns"
)
def preview_usage_mapping(
    actor: Actor,
    *,
    intake: IntakeId,
    columns: SomeChoices = None,
    unit: SomeUnit = None,
    times: SomeTimes = None,
    zone: Zone = "UTC",
    costs_in: Currency = "",
) -> MappingDraft:
    """Show a file that no format fits: its columns, what they may mean, and what its first ten rows would become."""
    from sims.intake import draft  # pyarrow and numpy

    found = _unmapped(actor, intake)
    fields = draft.guess_fields(found.header["columns"]) if columns is None else _chosen(columns, found)
    shown = draft.samples_of(found.header)
    begins = next((one.samples for one in shown if one.name == fields.get("started_at")), [])
    earlier = _same_header(actor, found).filter(deleted_at=None).first()
    result = MappingDraft(
        intake=found.pk,
        name=earlier.name if earlier else "",
        file=found.name,
        columns=shown,
        fields=[DraftField(name=one, label=FIELDS[one][0], help=FIELDS[one][1], column=fields.get(one, ""))
                for one in FIELDS],
        unit=unit or draft.guess_unit(fields),
        times=times or draft.guess_times(begins),
        zone=zone,
        zones=sorted(available_timezones()),
        costs_in=costs_in.upper(),
        replaces=earlier.name if earlier else "",
    )  # fmt: skip
    return _previewed(result, found, fields)


def _previewed(result: MappingDraft, found: Intake, fields: dict[str, str]) -> MappingDraft:
    from sims.intake import draft

    try:
        reading = _reading(fields, result.unit, result.times, result.zone, result.costs_in)
    except Invalid as missing:
        result.problem = result.sentence = missing.sentence
        return result
    result.rows, result.notes = draft.preview(found.header, reading)
    result.good = sum(not row.reason for row in result.rows)
    result.sentence = f"{result.good} of the first {counted(len(result.rows), 'row')} of {found.name} can be read so."
    return result


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="mappings",
    examples=[],
    title="Save mapping",
    undo=lambda actor, arguments, result: Undo("delete_usage_mapping", {"mapping": result.id}),
)
def save_usage_mapping(
    actor: Actor,
    *,
    intake: IntakeId,
    name: MappingName,
    columns: Choices,
    unit: Unit = "B",
    times: TimesKind = "iso",
    zone: Zone = "UTC",
    costs_in: Currency = "",
) -> MappingOut:
    """Keep what the columns of an unknown file mean, so that files with this header are known from now on."""
    require_whole_fleet(actor)
    found = _unmapped(actor, intake)
    reading = _reading(_chosen(columns, found), unit, times, zone, costs_in.upper())
    replaced = _same_header(actor, found).filter(deleted_at=None).first()
    if replaced:
        UsageMapping.objects.filter(pk=replaced.pk).update(deleted_at=timezone.now())
    if _mappings(actor).filter(name=name).exists():
        raise Conflict(f"There is a mapping called {name} already. Choose another name.", field="name")
    if _mappings(actor).count() >= MOST_MAPPINGS:
        raise Conflict(f"There are {MOST_MAPPINGS:,} mappings; delete one first.")
    made = UsageMapping.objects.create(
        organization_id=actor.organization_id,
        name=name,
        header=_fingerprint(found),
        columns=found.header["columns"],
        reading={**reading.plain(), "unit": unit},
        carrier=_carrier(actor, found),
        who=actor.name,
    )
    touch("intake", [found.pk])
    answer = _out(made)
    was = f" It takes the place of {replaced.name}." if replaced else ""
    answer.sentence = f"Files with the header of {found.name} are now read as {name}.{was}"
    return answer


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="mappings/{mapping}/delete",
    examples=[],
    title="Delete mapping",
    undo=lambda actor, arguments, result: Undo("restore_usage_mapping", {"mapping": result.id}),
)
def delete_usage_mapping(actor: Actor, *, mapping: MappingId) -> MappingOut:
    """Forget an own mapping: files with its header are unknown again. What was brought in by it stays."""
    require_whole_fleet(actor)
    found = _mappings(actor).filter(pk=mapping).first()
    if found is None:
        raise NotFound(f"There is no mapping {mapping}.", field="mapping")
    found.deleted_at = timezone.now()
    found.save(update_fields=["deleted_at"])
    answer = _out(found)
    answer.sentence = f"The mapping {found.name} is deleted. Usage that came by it stays."
    return answer


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="mappings/{mapping}/restore",
    examples=[],
    title="Restore mapping",
)
def restore_usage_mapping(actor: Actor, *, mapping: MappingId) -> MappingOut:
    """Take the deletion of an own mapping back."""
    rows = UsageMapping.objects.filter(organization_id=actor.organization_id)
    found = rows.filter(pk=mapping).exclude(deleted_at=None).first()
    if found is None:
        raise NotFound(f"There is no deleted mapping {mapping}.", field="mapping")
    living = rows.filter(deleted_at=None)
    if living.filter(name=found.name).exists() or living.filter(carrier=found.carrier).exists():
        raise Conflict(f"Another mapping has taken the place of {found.name} since.")
    found.deleted_at = None
    found.save(update_fields=["deleted_at"])
    answer = _out(found)
    answer.sentence = f"The mapping {found.name} is there again."
    return answer


def _mappings(actor: Actor) -> Any:
    return UsageMapping.objects.filter(organization_id=actor.organization_id, deleted_at=None)


def _unmapped(actor: Actor, intake: int) -> Intake:
    found = intakes_of(actor).filter(pk=intake).first()
    if found is None:
        raise NotFound(f"There is no import {intake}.", field="intake")
    if "sample" not in found.header:
        raise Conflict(f"{found.name} needs no mapping: its columns are known, or it cannot be read at all.")
    return found


def _fingerprint(found: Intake) -> list[str]:
    from sims.formats.usage import fingerprint

    return list(fingerprint(found.header["columns"]))


def _same_header(actor: Actor, found: Intake) -> Any:
    """The mappings that this header had, deleted ones too."""
    rows = UsageMapping.objects.filter(organization_id=actor.organization_id, header=_fingerprint(found))
    return rows.order_by("-pk")


def _carrier(actor: Actor, found: Intake) -> int:
    """The number of a header stays, so that a file read anew by a mended mapping corrects its rows."""
    earlier = _same_header(actor, found).first()
    if earlier:
        return int(earlier.carrier)
    rows = UsageMapping.objects.filter(organization_id=actor.organization_id)
    return int(rows.aggregate(most=Max("carrier"))["most"] or FIRST_CARRIER - 1) + 1


def _chosen(columns: list[str], found: Intake) -> dict[str, str]:
    """The choices as field: column. Raises Invalid for what is neither."""
    chosen: dict[str, str] = {}
    for one in columns:
        field, _, column = one.partition("=")
        if field not in FIELDS:
            raise Invalid(f"{field[:40]} is none of {', '.join(FIELDS)}.", field="columns")
        if column and column not in found.header["columns"]:
            raise Invalid(f"{found.name} has no column called {column[:60]}.", field="columns")
        if column:
            chosen[field] = column
    return chosen


def _reading(fields: dict[str, str], unit: str, times: str, zone: str, costs_in: str) -> "Reading":
    from sims.formats.declared import Columns, Reading

    if not fields.keys() & {"iccid", "imsi"}:
        raise Invalid("Say which column names the SIM: its ICCID or its IMSI.", field="columns")
    if "started_at" not in fields:
        raise Invalid("Say which column tells when the usage began.", field="columns")
    if not fields.keys() & {"bytes_up", "bytes_down", "bytes_total"}:
        raise Invalid("Say which column holds the volume: up, down, or both together.", field="columns")
    if zone not in available_timezones():
        raise Invalid(f"{zone} is no time zone. Write it as UTC or Europe/Brussels.", field="zone")
    if costs_in and not (len(costs_in) == 3 and costs_in.isascii() and costs_in.isalpha()):
        raise Invalid(f"{costs_in} is no currency. Write its code of three letters, such as EUR.", field="costs_in")
    return Reading(
        Columns(**fields),
        unit_bytes=UNIT_BYTES[unit],
        times=times,  # type: ignore[arg-type]
        zone=zone,
        currency=costs_in,
        lasting=False,
    )


def _out(row: UsageMapping) -> MappingOut:
    reading = row.reading
    fields = {FIELDS[name][0]: column for name, column in reading["columns"].items() if column}
    created: datetime = row.created_at
    return MappingOut(
        sentence=f"{row.name}: {counted(len(row.columns), 'column')}.",
        id=row.pk,
        name=row.name,
        columns=row.columns,
        fields=fields,
        unit=reading["unit"],
        times=reading["times"],
        zone=reading["zone"],
        costs_in=reading["currency"],
        who=row.who,
        created_at=created,
    )
