"""What is told of files given to the copilot."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from copilot.models import Attachment
from iotsim.core.named_sets import reference
from iotsim.core.page_context import Attached
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted

SHOWN = 20  # values without a SIM that are named


class Missing(BaseModel):
    """A value of the file that names no SIM, or several; row 0 is a photo."""

    row: int
    value: str
    several: bool = False


class AttachmentOut(Answer):
    """A file that somebody gave to the copilot; `reference` names all its SIMs wherever SIMs are named."""

    id: int
    name: str
    kind: str = Field(description="sims (a list), usage (records), photo or other")
    rows: int
    known: int
    unknown: int
    reference: str
    upload_id: int | None = Field(description="For services that take an upload, such as import_usage")
    missing: list[Missing] = []
    missing_left_out: int = 0
    iccid: str | None = Field(default=None, description="The SIM of a photo, when it is one")
    thread: int | None
    created_at: datetime

    @property
    def short(self) -> str:
        """What its chip says beside its name."""
        if self.kind == "usage":
            return counted(self.rows, "row")
        if self.kind == "photo":
            return counted(self.known, "SIM") if self.known else "no SIM of yours" if self.unknown else "no bar code"
        return f"{self.known:,} known" + (f", {self.unknown:,} unknown" if self.unknown else "")

    @classmethod
    def of(cls, row: Attachment) -> "AttachmentOut":
        missing = row.facts.get("missing", [])
        return cls(
            sentence=row.sentence,
            id=row.pk,
            name=row.name,
            kind=row.kind,
            rows=row.rows,
            known=row.known,
            unknown=row.unknown,
            reference=reference("attachment", row.pk) if row.iccids else "",
            upload_id=row.upload_id,
            missing=[Missing.model_validate(one) for one in missing[:SHOWN]],
            missing_left_out=max(0, row.unknown - SHOWN),
            iccid=row.iccids[0] if row.kind == "photo" and len(row.iccids) == 1 else None,
            thread=row.thread_id,
            created_at=row.created_at,
        )


class AttachmentPage(Answer):
    items: list[AttachmentOut]


def attached_of(row: Attachment, *, earlier: bool) -> Attached:
    """What a question's context holds of it: figures and identifiers, neither its name nor its unknown values."""
    kind: Any = row.kind
    return Attached(
        id=row.pk,
        kind=kind,
        reference=reference("attachment", row.pk) if row.iccids and row.kind == "sims" else "",
        rows=row.rows,
        known=row.known,
        unknown=row.unknown,
        sims=row.iccids if row.kind == "photo" else [],
        upload_id=row.upload_id if row.kind == "usage" else None,
        by_model=bool(row.facts.get("by_model")),
        earlier=earlier,
    )


def chip_of(row: Attachment) -> dict[str, Any]:
    """What the said message shows of it, kept in its event."""
    out = AttachmentOut.of(row)
    return {"id": out.id, "name": out.name, "kind": out.kind, "short": out.short, "sentence": out.sentence}
