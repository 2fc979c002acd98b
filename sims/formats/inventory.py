"""A list of SIMs: iccid and any of imsi, msisdn, eid, imei, label, customer, plan, operator, tags, status (pure).

Empty values say nothing and change nothing. `operator` is a name ("Orange France") or MCC and MNC ("208-01").
`tags` are separated by semicolons, commas or bars. Secrets (KI, OPC) refuse the whole file: see `header`.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

from sims.formats.batch import Network, Settled
from sims.formats.columns import Coded, Rows, Window
from sims.formats.header import Shape, choose, plain, refuse_repeated, refuse_secrets
from sims.formats.names import TITLES
from sims.formats.reading import settled_rows, table_of
from sims.formats.refused import MARK
from sims.formats.table import Ints, Mask, Refusal
from sims.formats.text import Block, Dialect, FileRefused
from sims.identifiers import NotAnIdentifier, parse_eid, parse_iccid, parse_imei, parse_imsi, parse_msisdn
from sims.lifecycle import Status

SHAPE = Shape(
    "inventory",
    TITLES["inventory"],
    required=("iccid",),
    optional=("imsi", "msisdn", "eid", "imei", "label", "customer", "plan", "operator", "tags", "status"),
)
USAGE_ONLY = frozenset({"startedat", "bytesup", "bytesdown", "volumetotal", "timestamp", "servicetypename"})
LONGEST = {"label": 120, "customer": 120, "plan": 120}
LONGEST_TAG = 60

_INVISIBLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]")
_PLMN = re.compile(r"(\d{3})[-/ ]?(\d{2,3})")


@dataclass(frozen=True)
class Cards:
    """The rows of a block, column by column; a column that the file has not is one empty value."""

    row: Ints
    iccid: Coded[str]
    imsi: Coded[str]
    msisdn: Coded[str]
    eid: Coded[str]
    imei: Coded[str]
    label: Coded[str]
    customer: Coded[str]
    plan: Coded[str]
    network: Coded[Network]
    tags: Coded[tuple[str, ...]]
    status: Coded[str]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Mask) -> "Cards":
        taken: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            taken[field.name] = value.take(rows) if isinstance(value, Coded) else value[rows]
        return Cards(**taken)


@dataclass(frozen=True)
class CardsRead:
    cards: Cards
    refusals: list[Refusal]
    refused: int
    lines: int
    settled: Settled | None = None


def check_header(dialect: Dialect) -> None:
    """Raises FileRefused or SecretColumn unless this is a list of SIMs."""
    refuse_secrets(dialect.columns)
    refuse_repeated(dialect.columns)
    if {plain(name) for name in dialect.columns} & USAGE_ONLY:
        raise FileRefused("This is usage, not a list of SIMs. Import it as usage.")
    choose(dialect.columns, [SHAPE])


def unread_columns(dialect: Dialect) -> list[str]:
    known = SHAPE.known | MARK
    return [name for name in dialect.columns if name and plain(name) not in known]


def has_pins(dialect: Dialect) -> bool:
    """Whether the list carries PINs or PUKs, which are left out and shown to nobody."""
    return any(re.fullmatch(r"(pin|puk)\d?", plain(name)) for name in dialect.columns)


def read_cards(dialect: Dialect, block: Block, *, first_row: int) -> CardsRead:
    """The SIMs of a block of lines."""
    table = table_of(dialect, block, wanted=SHAPE.known, first_row=first_row)
    rows = Rows(table, Window(0, 0))
    cards = Cards(
        row=table.row,
        iccid=rows.parsed("iccid", parse_iccid, required=True),
        imsi=rows.parsed("imsi", parse_imsi),
        msisdn=rows.parsed("msisdn", parse_msisdn),
        eid=rows.parsed("eid", parse_eid),
        imei=rows.parsed("imei", parse_imei),
        label=_short(rows, "label"),
        customer=_short(rows, "customer"),
        plan=_short(rows, "plan"),
        network=rows.coded("operator").map(_network),
        tags=_tags(rows),
        status=rows.parsed("status", _status),
    )
    refusals = sorted(table.refusals, key=lambda refusal: refusal.row)
    return CardsRead(cards.take(rows.ok), refusals, table.refused, len(table.lines), settled_rows(rows))


def shown_plainly(text: str) -> str:
    """Without characters that show nothing but change how a line reads: controls, and marks of writing direction."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def _short(rows: Rows, column: str) -> Coded[str]:
    def check(text: str) -> str:
        text = shown_plainly(text)
        if len(text) > LONGEST[column]:
            raise NotAnIdentifier(f"{column} is longer than {LONGEST[column]} characters")
        return text

    return rows.parsed(column, check)


def _tags(rows: Rows) -> Coded[tuple[str, ...]]:
    tags = rows.coded("tags").map(
        lambda text: tuple(filter(None, map(str.strip, re.split(r"[;,|]", shown_plainly(text)))))
    )
    too_long = tags.numbers(lambda names: any(len(name) > LONGEST_TAG for name in names)) == 1
    rows.refuse(too_long, "tags", f"a tag is longer than {LONGEST_TAG} characters")
    return tags


def _network(text: str) -> Network:
    code = _PLMN.fullmatch(text)
    return Network(code[1], code[2]) if code else Network(name=text)


def _status(text: str) -> str:
    value = re.sub(r"[\s-]+", "_", text.casefold())
    if value not in {status.value for status in Status}:
        raise NotAnIdentifier(f"status is none of {', '.join(status.words for status in Status)}")
    return value
