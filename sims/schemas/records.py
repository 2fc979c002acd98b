"""Usage records as programs send them, and what became of each."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from iotsim.core.schemas import Answer

MOST_RECORDS = 10_000


def _text(value: Any) -> str:
    """As the record wrote it: a number too, for only the reading of the row decides what it can be."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


Text = Annotated[str, BeforeValidator(_text)]


class UsageIn(BaseModel):
    """One record in the columns of iotsim's own usage file. What cannot be taken is refused alone, with its reason."""

    model_config = ConfigDict(extra="allow")

    iccid: Text = Field(default="", description="The card; without it the imsi must say whose it is")
    imsi: Text = ""
    started_at: Text = Field(default="", description="ISO 8601; UTC unless an offset is given")
    ended_at: Text = Field(default="", description="Without it the session is an instant")
    bytes_up: Text = Field(default="", description="Bytes sent by the SIM, a whole number")
    bytes_down: Text = Field(default="", description="Bytes received by the SIM, a whole number")
    imei: Text = ""
    mcc: Text = ""
    mnc: Text = ""
    apn: Text = ""
    rat: Text = Field(default="", description="Radio access: 4G, LTE-M, NB-IoT, or the number of 3GPP TS 29.061")
    cost: Text = ""
    currency: Text = Field(default="", description="ISO 4217")


def _few(value: Any) -> Any:
    if isinstance(value, list) and len(value) > MOST_RECORDS:
        raise ValueError(
            f"{len(value):,} records are too many for one call: send at most {MOST_RECORDS:,}, or bring in a file."
        )
    if isinstance(value, list) and not value:
        raise ValueError("There are no records to take: send at least one.")
    return value


Records = Annotated[
    list[UsageIn],
    BeforeValidator(_few),
    Field(min_length=1, max_length=MOST_RECORDS, description="Up to 10,000 usage records"),
]


class RecordResult(BaseModel):
    """What became of one record. `index` counts the records of the call from 0."""

    index: int
    outcome: Literal["accepted", "duplicate", "correction", "refused"]
    field: str = Field(default="", description="The field that could not be taken")
    reason: str = ""


class UsageRecorded(Answer):
    intake_id: int = Field(description="The import that these records are entered under: one a day for each sender")
    accepted: int
    duplicates: int
    corrections: int
    refused: int
    unknown_rows: int = Field(description="Accepted records of SIMs that are not known yet; they are kept")
    results: list[RecordResult]
