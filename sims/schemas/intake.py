"""Files brought in, as services show them."""

from datetime import datetime

from pydantic import BaseModel, Field

from iotsim.core.models import Job, JobState
from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted
from sims.formats.names import title_of
from sims.models import Intake, IntakeKind, IntakeState, RefusedRow


class RefusedRowOut(BaseModel):
    """A row that was not taken. `row_number` counts the file's lines from 1."""

    row_number: int
    column: str
    reason: str
    raw_line: str
    settled_by: int | None = Field(default=None, description="The import that brought the corrected row")

    @classmethod
    def of(cls, row: RefusedRow) -> "RefusedRowOut":
        return cls.model_validate(row, from_attributes=True)


class IntakeOut(Answer):
    id: int
    kind: str = Field(description="usage or sims")
    state: str = Field(description="running, done, refused (the whole file), stopped or failed")
    name: str
    size_bytes: int
    format: str = Field(description="Name of the format, by the file's header")
    format_title: str
    who: str
    upload_id: int | None = Field(description="None for records that came by the API")
    job_id: int | None
    rows: int = Field(description="Rows read: new, duplicates, corrections and refused together")
    new: int
    duplicates: int = Field(description="Rows known already, with the same values")
    corrections: int = Field(description="Rows known already, with other values: replaced")
    refused: int
    settled: int = Field(description="Refused rows that a later import has brought in, corrected")
    corrects_id: int | None = Field(description="The import whose refused rows this one brought again")
    unmapped: bool = Field(default=False, description="Refused because nobody has said yet what its columns mean")
    unknown_rows: int = Field(description="New rows of SIMs that were not known; they are kept")
    unknown_sims: int
    attached: int = Field(description="Earlier rows that found their SIM by this file")
    first_at: datetime | None = None
    last_at: datetime | None = Field(default=None, description="How far the usage reaches: as of")
    notes: list[str] = []
    reason: str = Field(default="", description="Why the whole file was refused")
    created_at: datetime
    finished_at: datetime | None = None

    @classmethod
    def of(cls, intake: Intake, *, job_state: str = "") -> "IntakeOut":
        values = {name: getattr(intake, name) for name in _FIELDS}
        values["state"] = _state(intake, job_state)
        title = intake.header.get("title") or title_of(intake.format)
        unmapped = values["state"] == "refused" and "sample" in intake.header
        return cls(sentence=_sentence(intake, values["state"]), format_title=title, unmapped=unmapped, **values)


_FIELDS = [name for name in IntakeOut.model_fields if name not in {"sentence", "format_title", "unmapped"}]


class IntakePage(Answer):
    items: list[IntakeOut]
    next_cursor: str | None = None
    offers: list[Offer] = Field(default=[], description="Next steps held ready")


class Correction(BaseModel):
    """A later import that brought refused rows of this one again."""

    id: int
    name: str
    rows: int


class IntakeDetails(IntakeOut):
    refused_rows: list[RefusedRowOut]
    kept_refused: int = Field(default=0, description="Refused rows that can be downloaded; of very many only the first")
    corrections_by: list[Correction] = []
    mapped_as: str = Field(default="", description="The own mapping that its header has by now")
    next_cursor: str | None = Field(default=None, description="For the next page of refused rows")
    offers: list[Offer] = Field(default=[], description="Next steps held ready")


def job_states(intakes: list[Intake]) -> dict[int, str]:
    """The states of the jobs of intakes that seem to run: a job may have died or been stopped before it began."""
    ids = [one.job_id for one in intakes if one.state == IntakeState.RUNNING and one.job_id]
    return dict(Job.objects.filter(pk__in=ids).values_list("pk", "state")) if ids else {}


def _state(intake: Intake, job_state: str) -> str:
    over = job_state in (JobState.FAILED, JobState.STOPPED)
    return job_state if intake.state == IntakeState.RUNNING and over else intake.state


def _sentence(intake: Intake, state: str) -> str:
    match state:
        case "refused":
            return f"{intake.name} was refused: {intake.reason}"
        case "running":
            return f"{intake.name} is being read: {counted(intake.rows, 'row')} so far."
    what = "SIM" if intake.kind == IntakeKind.SIMS else "row"
    parts = [f"{counted(intake.new, f'new {what}')}"]
    parts += [f"{intake.corrections:,} corrected"] if intake.corrections else []
    parts += [f"{intake.duplicates:,} known already"] if intake.duplicates else []
    parts += [f"{intake.refused:,} refused"] if intake.refused else []
    parts += [f"{intake.settled:,} of them corrected since"] if intake.settled else []
    parts += (
        [f"{intake.unknown_rows:,} of {counted(intake.unknown_sims, 'unknown SIM')}"] if intake.unknown_rows else []
    )
    parts += [f"{intake.attached:,} earlier usage rows attached"] if intake.attached else []
    ending = {"stopped": "It was stopped before its end.", "failed": "It broke off before its end."}.get(state, "")
    return f"{intake.name}: {', '.join(parts)}. {ending}".strip()


class RefusedFile(Answer):
    """Refused rows as a CSV file, to be corrected and brought in again."""

    name: str
    rows: int
    content: str = Field(description="CSV in UTF-8: refused_row and refused_because, then the columns of the import")
