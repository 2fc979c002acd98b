"""A service's result as a compact table: which columns, in which words, with which links. Reads schemas only."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from iotsim.core.wording import counted, money, size

ROWS: Final = 10
COLUMNS: Final = 4
LISTS: Final = ("items", "top", "hours", "months", "days")
LINKS: Final = {"iccid": "/sims/{}/"}

# What is worth a narrow column, in this order; a table has the first four that are not empty in every row.
PREFERRED: Final = {
    "iccid": "SIM", "day": "Day", "month": "Month", "title": "What", "name": "Name", "label": "Label",
    "exhausts_on": "Runs out", "middle_bytes": "Expected", "low_bytes": "Low", "high_bytes": "High", "state": "State",
    "status": "Status", "outcome": "Outcome", "usage_bytes": "Usage", "bytes_total": "Data", "used_bytes": "Used",
    "quota_bytes": "Quota", "sessions": "Sessions", "calls": "Calls",
    "cost_words": "Cost", "who": "Who", "requester": "Who", "at": "When",
    "created_at": "When", "plan": "Plan", "operator": "Operator", "country": "Country",
}  # fmt: skip
STATES: Final = frozenset({"state", "status", "outcome"})


def table_of(
    arguments: Mapping[str, Any], result: BaseModel, *, table_id: str, time_zone: str = "UTC"
) -> dict[str, Any] | None:
    """The table as templates/copilot/table.html takes it (plain JSON), or None when there is nothing to list."""
    rows, total = _rows(result)
    if not rows:
        return None
    names = _columns(rows)
    if len(names) < 2:
        return None
    zone = ZoneInfo(time_zone)
    shown = rows[:ROWS]
    return {
        "id": table_id,
        "columns": [{"label": PREFERRED[name], "numeric": _is_number(shown, name)} for name in names],
        "rows": [_row(row, names, zone) for row in shown],
        "more": _more(arguments, result, total - len(shown)),
    }


def _rows(result: BaseModel) -> tuple[list[BaseModel], int]:
    """The rows and how many there are in all; a result without a list is itself the only row if it names a SIM."""
    for name in LISTS:
        found = getattr(result, name, None)
        if isinstance(found, list) and (found or name == "days"):
            rows = [one for one in found if isinstance(one, BaseModel)]
            if name in ("hours", "months", "days") and rows and hasattr(rows[0], "bytes_total"):
                rows = [one for one in reversed(rows) if getattr(one, "bytes_total", 1)]
            total = getattr(result, "total", None)
            return rows, max(len(rows), total) if isinstance(total, int) else len(rows)
    if getattr(result, "iccid", None) and getattr(result, "status", None):
        return [result], 1
    return [], 0


def _columns(rows: Sequence[BaseModel]) -> list[str]:
    names = [name for name in PREFERRED if any(getattr(row, name, None) not in (None, "") for row in rows[:ROWS])]
    twice = {("created_at", "at"), ("name", "label"), ("name", "day")}
    taken = [name for name in names if not any((name, other) in twice for other in names)]
    return taken[:COLUMNS]


def _is_number(rows: Sequence[BaseModel], name: str) -> bool:
    return name.endswith(("_bytes", "_cents", "bytes_total")) or name in ("sessions", "calls", "cost_words")


def _row(row: BaseModel, names: Sequence[str], zone: ZoneInfo) -> dict[str, Any]:
    link = next((LINKS[name].format(getattr(row, name)) for name in names if name in LINKS), "")
    return {"link": link, "cells": [_cell(row, name, zone) for name in names]}


def _cell(row: BaseModel, name: str, zone: ZoneInfo) -> dict[str, Any]:
    value = getattr(row, name, None)
    cell: dict[str, Any] = {"text": _words(row, name, value, zone)}
    if name == "iccid":
        cell["iccid"] = True
    elif name in STATES:
        cell["state"] = True
    elif _is_number([row], name):
        cell["numeric"] = True
    return cell


def _words(row: BaseModel, name: str, value: Any, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "–"
    if name.endswith("_cents"):
        return money(value, getattr(row, "currency", "EUR"))
    if "bytes" in name:
        return size(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%-d %b, %H:%M}"
    if isinstance(value, date):
        return f"{value:%-d %b}"
    return str(value)[:80]


def _more(arguments: Mapping[str, Any], result: BaseModel, rest: int) -> str:
    """How many are not shown; nothing when only so many were asked for."""
    if rest <= 0 or "limit" in arguments:
        return ""
    return f"{rest:,} more." if getattr(result, "total_is_exact", True) else f"More than {rest:,} more."


def summary_of(arguments: Mapping[str, Any], result: BaseModel | None) -> str:
    """The quiet line beside a call: what was asked -> how many."""
    asked = ", ".join(f"{name.replace('_', ' ')} = {_short(name, value)}" for name, value in arguments.items())
    items = getattr(result, "items", None)
    return f"{asked}{_found(items, getattr(result, 'total', None))}".strip() if isinstance(items, list) else asked


def _found(items: Sequence[Any], total: int | None) -> str:
    if total is not None and total > len(items):
        return f" → {len(items):,} of {total:,}"
    return f" → {counted(len(items), 'result')}"


def _short(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"{', '.join(str(one) for one in value[:3])}{' and more' if len(value) > 3 else ''}"
    if isinstance(value, int) and not isinstance(value, bool) and any(w in name for w in ("usage", "quota")):
        return size(value)
    return str(value)[:60]
