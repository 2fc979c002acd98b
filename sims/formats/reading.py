"""What the mappings share: who a row is about, on which network, with which device (pure; no Django)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sims.formats.batch import Batch, Network, Read, Settled, Subscriber, pairs, rat_code
from sims.formats.columns import Coded, Rows, Window
from sims.formats.header import Shape
from sims.formats.refused import ROW, places
from sims.formats.table import Ints, Mask, Table, parse, parse_objects
from sims.formats.text import Block, Dialect
from sims.identifiers import NotAnIdentifier, parse_iccid, parse_imei, parse_imsi

LONGEST_SECONDS = 31 * 86_400  # a record that covers more cannot be divided among days with any truth
REMEMBERED = 1 << 18  # different identifiers; the same ones come in block after block
LONGEST_APN, LONGEST_NETWORK = 100, 80


@dataclass(frozen=True)
class Format:
    """A vendor's file: its columns, the number its record keys are kept under, and how its rows are read."""

    shape: Shape
    carrier: int
    read: Callable[[Rows, dict[str, int]], Batch]
    monthly: bool = False  # the rows are sums of a month, which become no records and no days
    header: tuple[str, ...] = ()  # of an organisation's own mapping: exactly these columns, by their plain names

    @property
    def name(self) -> str:
        return self.shape.name


def read_rows(format: Format, dialect: Dialect, block: Block, *, first_row: int, window: Window) -> tuple[Read, int]:
    """The rows of a block, and how many lines it had."""
    table = table_of(dialect, block, wanted=format.shape.known, first_row=first_row)
    read = read_table(format, table, window)
    return read, len(table.lines)


def table_of(dialect: Dialect, block: Block, *, wanted: Iterable[str], first_row: int) -> Table:
    """The wanted columns of a block, whichever way its lines are written."""
    if dialect.json:
        return parse_objects(block.text, wanted=wanted, first_row=first_row)
    return parse(block.text, columns=dialect.columns, delimiter=dialect.delimiter, wanted=wanted, first_row=first_row)


def read_table(format: Format, table: Table, window: Window) -> Read:
    """The records of a table's rows."""
    remarks: dict[str, int] = {}
    rows = Rows(table, window)
    batch = format.read(rows, remarks)
    good = batch if rows.ok.all() or format.monthly else batch.take(rows.ok)
    refusals = sorted(table.refusals, key=lambda refusal: refusal.row)
    return Read(good, refusals, table.refused, remarks, settled_rows(rows))


def settled_rows(rows: Rows) -> "Settled | None":
    """Of a file of refused rows that were corrected: which rows of which import the good ones were."""
    text = rows.table.text(ROW)
    if text is None:
        return None
    intake, numbers = places(text.to_pylist())
    return Settled(intake, numbers[rows.ok]) if intake else None


_iccid = lru_cache(REMEMBERED)(parse_iccid)
_imsi = lru_cache(REMEMBERED)(parse_imsi)


def subscribers(rows: Rows, iccid: str, imsi: str) -> Coded[Subscriber]:
    """The SIM of each row; rows that name none are refused."""
    cards = rows.parsed(iccid, _iccid)
    identities = rows.parsed(imsi, _imsi)
    codes, values = pairs(cards, identities)
    both = Coded(codes, [Subscriber(*value) for value in values])
    column = iccid or imsi
    rows.refuse(both.numbers(lambda one: not any(one)) == 1, column, f"{column} is empty, so the row names no SIM")
    return both


def devices(rows: Rows, column: str) -> Coded[str]:
    """IMEIs; what is none is left out, for the usage counts all the same."""
    return rows.coded(column).map(_imei)


@lru_cache(REMEMBERED)
def _imei(text: str) -> str:
    try:
        return parse_imei(text)
    except NotAnIdentifier:
        return ""


def networks_by_code(rows: Rows, mcc: str, mnc: str) -> Coded[Network]:
    codes, values = pairs(rows.coded(mcc), rows.coded(mnc))
    return Coded(codes, [_network(*value) for value in values])


def _network(mcc: str, mnc: str) -> Network:
    if mcc.isdigit() and len(mcc) <= 3 and mnc.isdigit() and len(mnc) <= 3:
        return Network(mcc.zfill(3), mnc.zfill(2))
    return Network(mcc.zfill(3)) if mcc.isdigit() and len(mcc) <= 3 else Network()


def apns(rows: Rows, column: str) -> Coded[str]:
    return rows.coded(column).map(lambda text: text[:LONGEST_APN])


def rats(rows: Rows, column: str) -> Ints:
    return rows.coded(column).numbers(rat_code)


def costs(rows: Rows, column: str, currency: str) -> tuple[Ints, Mask, Coded[str]]:
    """(millionths, which rows have a cost, ISO 4217 codes)."""
    amounts, present = rows.micros(column)
    return amounts, present, rows.coded(currency).map(_currency)


def _currency(text: str) -> str:
    return text.upper() if len(text) == 3 and text.isalpha() and text.isascii() else ""


def check_period(rows: Rows, started_at: Ints, ended_at: Ints, *, columns: tuple[str, str]) -> None:
    """Refuse records that end before they begin, last longer than a month, or lie outside of the window."""
    begin, end = columns
    rows.check_window(started_at, begin)
    rows.check_window(ended_at, end)
    rows.refuse(ended_at < started_at, end, f"{end} is earlier than {begin}")
    too_long = ended_at - started_at > LONGEST_SECONDS * 1_000_000
    rows.refuse(too_long, end, "the record covers more than 31 days, so its usage cannot be given to days")


def fit_total(
    rows: Rows,
    columns: tuple[str, str, str],
    remarks: dict[str, int],
    *,
    needed: Mask | None = None,
    unit: int = 1,
) -> tuple[Ints, Ints]:
    """Bytes (up, down) from the columns (total, up, down), the total being what is rated.

    Small differences are rounding: the total is shared out in the proportion given. A total alone is
    counted as downlink. Anything else means a mistaken unit or column, and is refused. `needed` are the
    rows that must have a volume at all (None: every row), `unit` what 1 stands for in bytes.
    """
    total_column, up_column, down_column = columns
    up, down = rows.amount(up_column, unit), rows.amount(down_column, unit)
    parts, has_total = up + down, rows.filled(total_column)
    has_parts = rows.filled(up_column) | rows.filled(down_column)
    total = np.where(has_total, rows.amount(total_column, unit), parts)
    empty, named = ~has_total & ~has_parts, total_column or up_column or down_column
    rows.refuse(empty if needed is None else empty & needed, named, f"{named} is empty")
    alone = ~has_parts & (total > 0)
    differs = (parts != total) & ~alone
    close = np.abs(parts - total) <= np.maximum(1024, total // 100)
    rows.refuse(differs & ~close, total_column, f"{total_column} is not {up_column} + {down_column}")
    _remark(
        remarks, f"{total_column} differs a little from {up_column} + {down_column} and was taken", differs & rows.ok
    )
    _remark(remarks, f"{total_column} stands alone and was counted as downlink", alone & rows.ok)
    scaled = np.round(up * (total / np.maximum(parts, 1))).astype(np.int64)
    shared = np.where(differs, np.minimum(scaled, total), up)
    return shared, total - shared


def _remark(remarks: dict[str, int], sentence: str, rows: Mask) -> None:
    if rows.any():
        remarks[sentence] = remarks.get(sentence, 0) + int(rows.sum())
