"""A mapping in the making: guesses from the header and the first values, and what ten rows would become."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sims.formats.batch import SMS, VOICE
from sims.formats.declared import Reading, declared
from sims.formats.header import Shape, plain
from sims.formats.reading import read_table, table_of
from sims.formats.text import Block, Dialect
from sims.intake.usage import window_at
from sims.schemas.mappings import DraftColumn, PreviewRow

PREVIEWED = 10
SAMPLES = 3

# The plain names of columns that speak of each field; of several fields the first takes the column.
GUESSES = {
    "iccid": r"iccid|simserial(number)?|(sim)?card(number|no|id)?|simno|simnumber|sim|icc",
    "imsi": r"imsi.*",
    "imei": r"imei.*|deviceimei",
    "mcc": r".*mcc|mobilecountrycode",
    "mnc": r".*mnc|mobilenetworkcode",
    "apn": r"apn.*|accesspoint.*",
    "rat": r"rat|rattype|radio.*|technology|accesstype|bearer",
    "record_id": r"id|recordid|recordnumber|cdrid|uuid|rowid|sequence(number)?|transactionid",
    "currency": r".*currency.*",
    "cost": r".*(cost|price|charge|amount|revenue|fee).*",
    "seconds": r".*duration.*|.*seconds.*",
    "ended_at": r".*(end|stop|until|closed|disconnect).*",
    "started_at": r".*(start|begin|begun|opened).*|.*(timestamp|datetime)|time|date|day|eventtime|calldate",
    "traffic": r"service(type)?|traffic(type)?|usagetype|eventtype",
    "operator": r".*(operator|network|carrier|visitedplmn|provider).*",
    "bytes_up": r".*(up|sent|outgoing|transmitted|tx).*",
    "bytes_down": r".*(down|received|incoming|rx).*",
    "bytes_total": r".*(total|volume|bytes|usage|traffic|data|mb|kb|gb).*",
}
_UNITS = [("gib", "GiB"), ("mib", "MiB"), ("kib", "KiB"), ("gb", "GB"), ("mb", "MB"), ("kb", "kB"),
          ("gigabyte", "GB"), ("megabyte", "MB"), ("kilobyte", "kB")]  # fmt: skip


def dialect_of(header: Mapping[str, Any]) -> Dialect:
    return Dialect("utf-8", header["delimiter"], tuple(header["columns"]), 0, 0, json=bool(header["json"]))


def guess_fields(columns: Sequence[str]) -> dict[str, str]:
    """Which column probably says what."""
    found: dict[str, str] = {}
    for field, pattern in GUESSES.items():
        free = [name for name in columns if name and name not in found.values()]
        fitting = next((name for name in free if re.fullmatch(pattern, plain(name))), None)
        if fitting:
            found[field] = fitting
    return found


def guess_unit(fields: Mapping[str, str]) -> str:
    names = [fields[one].casefold() for one in ("bytes_total", "bytes_up", "bytes_down") if one in fields]
    words = {word for name in names for word in re.split(r"[\W_]+", name)}
    return next((unit for word, unit in _UNITS if word in words or any(n.endswith(word) for n in names)), "B")


def guess_times(samples: Sequence[str]) -> str:
    """How the times are written, from some of them."""
    kinds = {
        "unix": r"\d{10}(\.\d+)?",
        "unix_ms": r"\d{13}",
        "day": r"\d{8}|\d{4}-\d\d-\d\d",
        "month_first": r"\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}.*|\d{1,2}/\d{1,2}/\d{4}.*[AaPp]\.?[Mm]\.?",
        "day_first": r"\d{1,2}[./-]\d{1,2}[./-]\d{4}.*",
    }
    return next((kind for kind, how in kinds.items() if any(re.fullmatch(how, one) for one in samples)), "iso")


def samples_of(header: Mapping[str, Any]) -> list[DraftColumn]:
    """The file's columns with their first different values."""
    table = _table(header, header["columns"])
    return [DraftColumn(name=name, samples=_different(table.text(name))) for name in header["columns"] if name]


def _different(column: Any) -> list[str]:
    values = dict.fromkeys(column.to_pylist() if column is not None else [])
    return [value[:60] for value in values if value][:SAMPLES]


def _table(header: Mapping[str, Any], wanted: Sequence[str]) -> Any:
    block = Block("\n".join([*header["sample"][:PREVIEWED], ""]).encode(), 0)
    return table_of(
        dialect_of(header), block, wanted={plain(name) for name in wanted}, first_row=1 if header["json"] else 2
    )


def preview(header: Mapping[str, Any], reading: Reading) -> tuple[list[PreviewRow], list[str]]:
    """What the first rows would become, in file order, and remarks."""
    names = tuple(reading.columns.used())
    format = declared(Shape("draft", "draft", required=names), 0, reading)
    read = read_table(format, _table(header, names), window_at(datetime.now(UTC)))
    batch = read.batch
    rows = [PreviewRow(row=one.row, column=one.column, reason=one.reason) for one in read.refusals]
    for at in range(len(batch)):
        who = batch.subscriber.values[batch.subscriber.codes[at]]
        currency = batch.currency.values[batch.currency.codes[at]]
        rows.append(
            PreviewRow(
                row=int(batch.row[at]),
                sim=who.iccid or who.imsi,
                started_at=_time(batch.started_at[at]),
                ended_at=_time(batch.ended_at[at]),
                bytes_up=int(batch.bytes_up[at]),
                bytes_down=int(batch.bytes_down[at]),
                cost=f"{batch.cost[at] / 1e6:.6g} {currency}".strip() if batch.has_cost[at] else "",
                service={SMS: "SMS", VOICE: "voice"}.get(int(batch.traffic[at]), "data"),
            )
        )
    return sorted(rows, key=lambda one: one.row), [f"{told} ({count:,} rows)." for told, count in read.remarks.items()]


def _time(micros: Any) -> datetime:
    return datetime.fromtimestamp(int(micros) / 1e6, UTC)
