"""What a person has before them while they ask: the page, its filters, what is chosen. Identifiers and values only.

A page declares it (the tag `page_context` of the templates), the browser sends it with a question, and the copilot
looks everything in it up again before it counts. It is data and never an instruction. Pure.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

MOST_SELECTED: Final = 1000
MOST_FILTERS: Final = 20
MOST_ATTACHMENTS: Final = 10
MOST_ENTRIES: Final = 20

SubjectKind = Literal[
    "sim", "customer", "plan", "alert", "anomaly", "import", "report", "model", "night", "conversation"
]
AttachmentKind = Literal["sims", "usage", "photo", "other"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Reference = Annotated[str, Field(min_length=1, max_length=64)]


def _at_most(count: int) -> BeforeValidator:
    """The first so many of a list: the rest of what a page says is not worth refusing a question."""
    return BeforeValidator(lambda value: value[:count] if isinstance(value, list) else value)


class Subject(BaseModel):
    """The object that the page shows. `id` is what its services take; `name` is filled in by the server."""

    kind: SubjectKind
    id: str = Field(min_length=1, max_length=64)
    name: str = Field(default="", max_length=120)


class Period(BaseModel):
    """The days that the page shows, both included."""

    start: date | None = None
    end: date | None = None


class ClientEntry(BaseModel):
    """A piece of context from another program (AG-UI): text from outside."""

    description: str = Field(default="", max_length=500)
    value: str = Field(max_length=4000)


class Attached(BaseModel):
    """A file that came with the question. `reference` stands for all its known SIMs wherever SIMs are named."""

    id: int
    kind: AttachmentKind
    reference: str = ""
    rows: int = 0
    known: int = 0
    unknown: int = 0
    sims: list[Reference] = Field(default=[], description="The SIMs of a photo")
    upload_id: int | None = None
    by_model: bool = Field(default=False, description="A model has read on the photo which SIMs these are")
    earlier: bool = Field(default=False, description="It came with an earlier question of the conversation")


class PageContext(BaseModel):
    """What the copilot may know of the page. Every part may be missing."""

    path: str = Field(default="", max_length=500)
    page: str = Field(default="", max_length=60, description="The page's name among ours; filled in by the server")
    title: str = Field(default="", max_length=120)
    filters: dict[Name, Annotated[str, Field(min_length=1, max_length=200)]] = {}
    selected: Annotated[list[Reference], _at_most(MOST_SELECTED)] = []
    everything: bool = Field(default=False, description="All that fit the filters are chosen, not only rows on show")
    subject: Subject | None = None
    period: Period | None = None
    client: Annotated[list[ClientEntry], _at_most(MOST_ENTRIES)] = []
    attachments: Annotated[list[Annotated[int, Field(gt=0, lt=2**63)]], _at_most(MOST_ATTACHMENTS)] = []
    attached: list[Attached] = Field(default=[], description="The attachments, as the server knows them")
    copied: bool = Field(default=False, description="It was asked in a conversation that this one was copied from")

    @classmethod
    def read(cls, raw: Any) -> "PageContext":
        """As much of it as makes sense: a part that does not fit is left out, and never refuses the question."""
        if not isinstance(raw, Mapping):
            return cls()
        given = {name: value for name, value in raw.items() if name in cls.model_fields}
        if isinstance(given.get("filters"), Mapping):
            given["filters"] = dict(list(given["filters"].items())[:MOST_FILTERS])
        while True:
            try:
                return cls.model_validate(given)
            except ValidationError as error:
                given = _without(given, {str(one["loc"][0]) for one in error.errors()})

    @classmethod
    def said(cls, raw: Any) -> "PageContext":
        """What a page or a client says: without what only the server fills in."""
        said = cls.read(raw)
        subject = said.subject.model_copy(update={"name": ""}) if said.subject else None
        return said.model_copy(update={"attached": [], "page": "", "subject": subject, "copied": False})

    @property
    def sim(self) -> str | None:
        """The one SIM that "this" stands for: of a photo, else of the page, else the only one chosen."""
        shown = {one for file in self._newest for one in file.sims}
        if len(shown) == 1:
            return shown.pop()
        if self.subject is not None and self.subject.kind == "sim":
            return self.subject.id
        return self.selected[0] if len(self.selected) == 1 else None

    @property
    def sims(self) -> list[str]:
        """The SIMs that "these" stands for, as services take them; with `everything` the filters stand for them."""
        files = [one.reference for one in self._newest if one.reference]
        return files or list(dict.fromkeys(one for file in self._newest for one in file.sims)) or self.selected

    @property
    def are_many(self) -> bool:
        """Whether `sims` names several: more than one, or a file's whole set."""
        return len(self.sims) > 1 or any(one.reference for one in self._newest)

    @property
    def _newest(self) -> list[Attached]:
        """The files of this question; those of an earlier one count while nothing else is chosen."""
        now = [one for one in self.attached if not one.earlier]
        return now or ([] if self.selected or self.everything else self.attached)

    @property
    def is_untrusted(self) -> bool:
        """Whether it holds text that somebody wrote, or a file's choice of SIMs, beside identifiers of ours."""
        named = self.subject is not None and bool(self.subject.name)
        brought = self.client or self.attached or self.copied
        return bool(self.title or brought or named or set(self.filters) - CLOSED)

    @property
    def is_guessed(self) -> bool:
        """Whether a model has read which SIMs are meant: a change rests on that even if no model makes it."""
        return any(one.by_model for one in self.attached)

    @property
    def is_empty(self) -> bool:
        return self == PageContext()

    def kept(self) -> dict[str, Any]:
        """As JSON, for the run's row."""
        return self.model_dump(mode="json", exclude_defaults=True)


# Filters whose values come from a list of ours or are figures; all others are names that people gave.
CLOSED: Final = frozenset(
    {
        "status", "state", "severity", "kind", "country", "min_usage", "max_usage", "attention", "sort", "limit",
        "days", "start_date", "end_date", "period", "resolution", "metric", "chart", "by", "per", "is_over", "sim",
        "month",
    }
)  # fmt: skip


def _without(given: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Entries of a mapping that do not fit go one by one with their mapping: it is not worth more care."""
    return {name: value for name, value in given.items() if name not in names}
