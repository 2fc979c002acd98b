"""Bringing files in: usage of vendors, SIM inventory; and the register of what was brought in."""

from datetime import date
from typing import Annotated, Final

from django.db.models import Count, QuerySet
from pydantic import Field

from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, Invalid, NotFound
from iotsim.core.jobs import RunningJob
from iotsim.core.offers import Offer
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Limit, UploadId, numbered
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.examples import EXAMPLES
from sims.formats.refused import Line, as_csv
from sims.models import Intake, RefusedRow, UsageMapping
from sims.schemas.intake import (
    Correction,
    IntakeDetails,
    IntakeOut,
    IntakePage,
    RefusedFile,
    RefusedRowOut,
    job_states,
)

OFFERED: Final = 10  # newest files that are looked at for refused rows
IntakeId = Annotated[
    int, Field(description="Number of the import"), numbered("intake", "intake", "import", verbs=("show import",))
]
Month = Annotated[
    Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None,
    Field(description="The month of a monthly file whose name does not say it, as 2026-10"),
]


def month_of(text: str | None) -> date | None:
    return date.fromisoformat(f"{text}-01") if text else None


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="usage/import",
    examples=EXAMPLES["import_usage"],
    title="Import usage",
    job=True,
)
def import_usage(actor: Actor, *, upload_id: UploadId, month: Month = None, job: RunningJob) -> IntakeOut:
    """Bring in an uploaded usage file of a known vendor or own mapping. Known rows count once; corrections replace."""
    from sims.intake.usage import UsageImport  # pyarrow and numpy are for workers only

    require_whole_fleet(actor)
    return IntakeOut.of(UsageImport(job, upload_id, month=month_of(month)).run())


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="sims/import",
    examples=EXAMPLES["import_sims"],
    title="Import SIMs",
    job=True,
)
def import_sims(actor: Actor, *, upload_id: UploadId, job: RunningJob) -> IntakeOut:
    """Bring in an uploaded list of SIMs (CSV, Excel): new ones are added, known ones get the values it has."""
    from sims.intake.inventory import InventoryImport

    require_whole_fleet(actor)
    return IntakeOut.of(InventoryImport(job, upload_id).run())


def require_whole_fleet(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("Your access is limited to some customers, and a file may concern others, so you cannot import.")


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="intakes",
    examples=EXAMPLES["list_intakes"],
    title="Usage imports",
)
def list_intakes(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> IntakePage:
    """List the files brought in (usage and SIM inventory), newest first, with what came of each."""
    rows, following = newest_page(intakes_of(actor), cursor, limit)
    states = job_states(rows)
    items = [IntakeOut.of(row, job_state=states.get(row.job_id or 0, "")) for row in rows]
    if not items:
        sentence = "No file has been imported yet."
    else:
        sentence = f"{counted(len(items), 'file')}. The newest: {items[0].sentence}"
    offers = [] if cursor else [one for item in items[:OFFERED] for one in _to_look_at(item)][:1]
    return IntakePage(sentence=sentence, items=items, next_cursor=following, offers=offers)


def _to_look_at(item: IntakeOut) -> list[Offer]:
    """The refused rows of a file, while nobody has brought them again."""
    if item.refused <= item.settled:
        return []
    words = f"Show the refused rows of {item.name}"
    return [Offer(service="get_intake", arguments={"intake": item.id}, words=words)]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="intakes/{intake}",
    examples=EXAMPLES["get_intake"],
    title="Usage import",
)
def get_intake(actor: Actor, *, intake: IntakeId, limit: Limit = 100, cursor: Cursor = None) -> IntakeDetails:
    """Show one file that was brought in, and the rows of it that were refused, each with its reason."""
    found = intakes_of(actor).filter(pk=intake).first()
    if found is None:
        raise NotFound(f"There is no import {intake}.", field="intake")
    refused, following = _refused(found, limit, cursor)
    kept = RefusedRow.objects.filter(organization_id=found.organization_id, intake=found)
    told = IntakeOut.of(found, job_state=job_states([found]).get(found.job_id or 0, ""))
    mapped_as = _mapped_as(found) if "sample" in found.header else ""
    return IntakeDetails(
        **told.model_dump(),
        refused_rows=[RefusedRowOut.of(row) for row in refused],
        kept_refused=kept.count() if found.refused else 0,
        corrections_by=_corrections(found, kept) if found.settled else [],
        mapped_as=mapped_as,
        next_cursor=following,
        offers=_once_more(told) if mapped_as else [],
    )


def _once_more(told: IntakeOut) -> list[Offer]:
    """A file whose columns nobody knew when it came can be read by now."""
    if not told.unmapped or told.upload_id is None:
        return []
    words = f"Bring in {told.name} again"
    return [Offer(service="import_usage", arguments={"upload_id": told.upload_id}, words=words)]


def _mapped_as(intake: Intake) -> str:
    """The own mapping that a header, unknown when it came, has by now."""
    from sims.formats.usage import fingerprint

    rows = UsageMapping.objects.filter(organization_id=intake.organization_id, deleted_at=None)
    same = rows.filter(header=list(fingerprint(intake.header["columns"]))).first()
    return same.name if same else ""


def _corrections(intake: Intake, kept: "QuerySet[RefusedRow]") -> list[Correction]:
    counts = dict(kept.exclude(settled_by=None).values_list("settled_by").annotate(rows=Count("pk")))
    names = Intake.objects.filter(organization_id=intake.organization_id, pk__in=counts).values_list("pk", "name")
    return [Correction(id=pk, name=name, rows=counts[pk]) for pk, name in names.order_by("pk")]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="intakes/{intake}/refused",
    examples=[],
    title="Refused rows as a file",
)
def export_refused_rows(actor: Actor, *, intake: IntakeId) -> RefusedFile:
    """Give the refused rows of an import as CSV, to be corrected and brought in again; corrected ones are left out."""
    found = intakes_of(actor).filter(pk=intake).first()
    if found is None:
        raise NotFound(f"There is no import {intake}.", field="intake")
    open_rows = RefusedRow.objects.filter(organization_id=actor.organization_id, intake=found, settled_by=None)
    lines = [Line(*row) for row in open_rows.order_by("row_number").values_list("row_number", "reason", "raw_line")]
    if not lines:
        raise NotFound(f"Import {intake} has no refused rows that are still open.", field="intake")
    return RefusedFile(
        sentence=f"{counted(len(lines), 'refused row')} of {found.name}. Correct them and bring the file in again.",
        name=f"refused-rows-of-import-{found.pk}.csv",
        rows=len(lines),
        content=as_csv(found.header, found.pk, lines),
    )


def _refused(intake: Intake, limit: int, cursor: str | None) -> tuple[list[RefusedRow], str | None]:
    """Refused rows in file order; the cursor is the number of the last one shown."""
    rows = RefusedRow.objects.filter(organization_id=intake.organization_id, intake=intake)
    if cursor:
        if not cursor.isdecimal():
            raise Invalid("The cursor is not one of ours; start without it.", field="cursor")
        rows = rows.filter(row_number__gt=int(cursor))
    found = list(rows.order_by("row_number")[: limit + 1])
    return found[:limit], str(found[limit - 1].row_number) if len(found) > limit else None


def intakes_of(actor: Actor) -> "QuerySet[Intake]":
    """Whoever is limited to some customers sees their own files only: raw rows may show others' SIMs."""
    rows = Intake.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(user_id=actor.user_id)
