"""An organisation's own mappings, and the page on which one comes into being."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer

UNIT_BYTES = {
    "B": 1, "kB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30,
}  # fmt: skip
UnitName = Literal["B", "kB", "KiB", "MB", "MiB", "GB", "GiB"]
_UNIT = Field(description="What 1 in a volume column stands for")
Unit = Annotated[UnitName, _UNIT]
SomeUnit = Annotated[UnitName | None, _UNIT]
TimesName = Literal["iso", "day_first", "month_first", "unix", "unix_ms", "day"]
_TIMES = Field(
    description="How times are written: iso (2026-11-01 13:45), day first, month first, seconds since 1970, days"
)
TimesKind = Annotated[TimesName, _TIMES]
SomeTimes = Annotated[TimesName | None, _TIMES]
TIMES_WORDS = {
    "iso": "2026-11-01 13:45:00",
    "day_first": "31.12.2026 13:45 (day first)",
    "month_first": "12/31/2026 1:45 PM (month first)",
    "unix": "Seconds since 1970",
    "unix_ms": "Milliseconds since 1970",
    "day": "Whole days: 2026-11-01 or 20261101",
}
FIELDS = {
    "iccid": ("ICCID", "The card's number. Needed, unless there is an IMSI."),
    "imsi": ("IMSI", "The subscriber's number."),
    "started_at": ("Start", "When the usage began. Needed."),
    "ended_at": ("End", "When it ended. Without it, the duration counts."),
    "seconds": ("Duration in seconds", ""),
    "bytes_up": ("Up", "Sent by the SIM."),
    "bytes_down": ("Down", "Received by the SIM."),
    "bytes_total": ("Up and down together", "One of the three volumes is needed."),
    "record_id": ("Number of the record", "A row with the same number is the same record."),
    "traffic": ("Service", "Data, SMS or voice. Without it all is data."),
    "cost": ("Cost", ""),
    "currency": ("Currency of the cost", "EUR, USD and so on."),
    "apn": ("APN", ""),
    "imei": ("IMEI", ""),
    "mcc": ("MCC", "The visited country's code."),
    "mnc": ("MNC", "The visited network's code."),
    "operator": ("Operator", "The visited network by name."),
    "rat": ("Radio access", "4G, LTE-M, NB-IoT and so on."),
}
_CHOICES = f'Which column says what, each as field=column ("imsi=SIM number"). Fields: {", ".join(FIELDS)}'
_Choices = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=len(FIELDS))]
Choices = Annotated[_Choices, Field(description=_CHOICES)]
SomeChoices = Annotated[_Choices | None, Field(description=f"{_CHOICES}. Without it they are guessed")]
Zone = Annotated[
    str, Field(max_length=60, description="Zone of times without an offset, such as UTC or Europe/Brussels")
]
Currency = Annotated[str, Field(max_length=10, description="ISO 4217 code of costs, where no column says it")]


class MappingOut(Answer):
    id: int
    name: str
    columns: list[str] = Field(description="The header that it is known by")
    fields: dict[str, str] = Field(description="Field: the column that says it")
    unit: str
    times: str
    zone: str
    costs_in: str
    who: str
    created_at: datetime


class MappingPage(Answer):
    items: list[MappingOut]


class DraftColumn(BaseModel):
    """A column of the file with some of its values."""

    name: str
    samples: list[str]


class DraftField(BaseModel):
    """What a column may say, and which one does."""

    name: str
    label: str
    help: str
    column: str


class Choice(BaseModel):
    value: str
    label: str


class PreviewRow(BaseModel):
    """What a row would become, or why it would be refused."""

    row: int
    sim: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    bytes_up: int = 0
    bytes_down: int = 0
    cost: str = ""
    service: str = ""
    column: str = ""
    reason: str = ""


class MappingDraft(Answer):
    """The file's columns, the choices so far, and what its first ten rows would become by them."""

    intake: int
    name: str
    file: str
    columns: list[DraftColumn]
    fields: list[DraftField]
    unit: str
    units: list[str] = list(get_args(UnitName))
    times: str
    time_kinds: list[Choice] = [Choice(value=value, label=label) for value, label in TIMES_WORDS.items()]
    zone: str
    zones: list[str] = []
    costs_in: str
    problem: str = Field(default="", description="What is missing before anything can be read")
    rows: list[PreviewRow] = []
    good: int = 0
    notes: list[str] = []
    replaces: str = Field(default="", description="The mapping of the same header that saving would replace")
