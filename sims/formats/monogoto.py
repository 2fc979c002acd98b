"""Monogoto's monthly usage, a file for a calendar month that its rows do not name (pure; no Django).

A SIM stands in one row, or in a row for each of its networks and then a last one that is their total: the total is
taken, the rows before it are only compared with it. `Data (Bytes)` counts; `Data (MB)` is the same rounded. Up and down
are not told apart, so all of it stands as down. The three fees and costs are added up; their currency is not said.
Nobody knows on which days it was, so it counts in the cycle that begins in that month, and never becomes days.
"""

import re
from datetime import UTC, date, datetime

import numpy as np

from sims.formats.batch import DATA, Batch, Network, Subscriber
from sims.formats.columns import MICROSECONDS, Coded, Rows
from sims.formats.header import Shape
from sims.formats.keys import Hash
from sims.formats.names import TITLES
from sims.formats.reading import Format
from sims.formats.table import Ints, Mask
from sims.identifiers import parse_imsi

COSTS = ("Access Fee", "Subscription Fee", "Data Cost")
DAY = 86_400 * MICROSECONDS
MOST_SMS = 10**9
SHAPE = Shape(
    "monogoto",
    TITLES["monogoto"],
    required=("Thing ID", "IMSI", "Data (Bytes)", "SMS", "Access Fee", "Subscription Fee", "Data Cost"),
    optional=("Thing Name", "Group Name", "Operator", "Signaling", "Data (MB)"),
)
_NUMBERS = re.compile(r"(?<!\d)(20\d\d)[-_. ]?(0[1-9]|1[0-2])(?!\d)|(?<!\d)(0[1-9]|1[0-2])[-_. ](20\d\d)(?!\d)")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDS = re.compile(rf"(?<![a-z])({'|'.join(_NAMES)})[a-z]*[-_., ]*(20\d\d)(?!\d)", re.IGNORECASE)


def month_in(name: str) -> date | None:
    """The month that a file's name speaks of: usage-2026-10.csv, october_2026.csv."""
    if found := _NUMBERS.search(name):
        year, month = (found[1], found[2]) if found[1] else (found[4], found[3])
        return date(int(year), int(month), 1)
    if found := _WORDS.search(name):
        return date(int(found[2]), _NAMES.index(found[1].casefold()) + 1, 1)
    return None


def read(rows: Rows, remarks: dict[str, int]) -> Batch:
    things, imsi = rows.coded("Thing ID"), rows.parsed("IMSI", parse_imsi)
    amounts, sms = rows.whole("Data (Bytes)"), rows.whole("SMS", default=0, most=MOST_SMS)
    cost, has_cost = _costs(rows)
    first, last = _groups(things.codes)
    _check_totals(rows, amounts, first, last)
    who = imsi.codes[first] if len(first) else imsi.codes
    nameless = np.repeat(np.array([not imsi.values[code] for code in who], bool), last - first + 1)
    rows.refuse(nameless, "IMSI", "IMSI is empty, so the row names no SIM")
    parts = int(rows.ok.sum() - rows.ok[last].sum())
    if parts:
        remarks["The row is a part of its SIM's total, which stands below it, and was not counted again"] = parts
    good = rows.ok[last]
    at, people = last[good], Coded(who[good], [Subscriber("", one) for one in imsi.values])
    return _batch(rows, at, people, amounts, sms, cost, has_cost)


def _groups(things: Ints) -> tuple[Ints, Ints]:
    """The first and the last row of each SIM; its rows stand together."""
    change = np.flatnonzero(things[1:] != things[:-1]) + 1
    first = np.concatenate(([0], change)) if len(things) else np.zeros(0, np.int64)
    return first, np.concatenate((change, [len(things)])) - 1 if len(things) else first


def _check_totals(rows: Rows, amounts: Ints, first: Ints, last: Ints) -> None:
    """A SIM whose rows do not fit each other is refused with all of them."""
    if not len(first):
        return
    size = last - first + 1
    broken = np.repeat(np.add.reduceat(~rows.ok, first) > 0, size)
    rows.refuse(broken, "", "another row of this SIM was refused, so its total cannot be relied on")
    total = amounts[last]
    parts = np.add.reduceat(amounts, first) - total
    wrong = (size > 1) & (np.abs(parts - total) > np.maximum(1024, total // 100))
    reason = "the last row of this SIM should be the total of those before it, and is not"
    rows.refuse(np.repeat(wrong, size), "Data (Bytes)", reason)


def _costs(rows: Rows) -> tuple[Ints, Mask]:
    cost, present = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    for column in COSTS:
        amount, given = rows.micros(column)
        cost, present = cost + amount, present | given
    return cost, present


def _batch(rows: Rows, at: Ints, who: Coded[Subscriber], amounts: Ints, sms: Ints, cost: Ints, has_cost: Mask) -> Batch:
    month, count = rows.window.month or date(1970, 1, 1), len(at)
    begin = int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp()) * MICROSECONDS
    after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    end = max(begin, min(int(after.timestamp()) * MICROSECONDS - 1, rows.window.newest - DAY))
    start, nothing, none = np.full(count, begin), np.zeros(count, np.int64), Coded(np.zeros(count, np.int64), [""])
    value = Hash(count).numbers(amounts[at]).numbers(sms[at]).numbers(np.where(has_cost[at], cost[at], -1))
    return Batch(
        row=rows.table.row[at],
        started_at=start,
        ended_at=np.full(count, end),
        traffic=np.full(count, DATA),
        bytes_up=nothing,
        bytes_down=amounts[at],
        count=sms[at],
        voice_seconds=nothing,
        rat=nothing,
        cost=cost[at],
        has_cost=has_cost[at],
        currency=none,
        apn=none,
        imei=none,
        subscriber=who,
        network=none.map(lambda _: Network()),
        key=Hash(count).texts(who.map("|".join)).keys(start // MICROSECONDS),
        digest=value.digest(),
    )


FORMAT = Format(SHAPE, 7, read, monthly=True)
