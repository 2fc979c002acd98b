"""A mapping that is said, not programmed: which column is what, in which unit and time (pure; no Django).

Vendors whose rows are plain records, and the mappings that organisations make for themselves, are all read here.
The key is the vendor's number of the row with its SIM; without one it is who, when (as the file writes it) and through
what. The volume, the end and the cost are values: a row that comes again with others corrects the first.
"""

from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np

from sims.formats.batch import DATA, SMS, VOICE, Batch, Network, Subscriber, traffic_of
from sims.formats.columns import MICROSECONDS, Coded, Rows
from sims.formats.header import Shape
from sims.formats.keys import Hash, Keys
from sims.formats.reading import (
    LONGEST_NETWORK,
    LONGEST_SECONDS,
    Format,
    apns,
    check_period,
    costs,
    devices,
    fit_total,
    networks_by_code,
    rats,
    subscribers,
)
from sims.formats.table import Ints
from sims.formats.times import Times, next_midnight, read_times

DAY = 86_400 * MICROSECONDS


@dataclass(frozen=True)
class Columns:
    """The names of the columns that say these things; empty: no column does."""

    iccid: str = ""
    imsi: str = ""
    started_at: str = ""
    ended_at: str = ""
    seconds: str = ""  # how long it lasted, where nothing says when it ended
    bytes_up: str = ""
    bytes_down: str = ""
    bytes_total: str = ""
    record_id: str = ""
    traffic: str = ""
    cost: str = ""
    currency: str = ""
    apn: str = ""
    imei: str = ""
    mcc: str = ""
    mnc: str = ""
    operator: str = ""
    rat: str = ""

    def used(self) -> list[str]:
        return [name for name in asdict(self).values() if name]


@dataclass(frozen=True)
class Reading:
    """`unit_bytes` is what 1 in a volume column stands for, `currency` that of costs where no column says it.

    `also_key` are further columns of the natural key. `lasting` is False for mappings that people may mend: their
    keys then do not depend on how times are read, so that a file read anew corrects its rows.
    """

    columns: Columns
    unit_bytes: int = 1
    times: Times = "iso"
    zone: str = "UTC"
    currency: str = ""
    also_key: tuple[str, ...] = field(default=())
    sessions: int = 1  # that a row stands for
    lasting: bool = True

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Reading":
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in plain.items() if name in known}
        columns = Columns(**values.pop("columns"))
        return cls(**{**values, "columns": columns, "also_key": tuple(values.get("also_key", ()))})


def declared(shape: Shape, carrier: int, reading: Reading) -> Format:
    return Format(shape, carrier, partial(read_declared, reading))


def read_declared(how: Reading, rows: Rows, remarks: dict[str, int]) -> Batch:
    c = how.columns
    subscriber = subscribers(rows, c.iccid, c.imsi)
    started_at, ended_at = _times(how, rows, remarks)
    traffic = _traffic(rows, c.traffic)
    is_data = traffic == DATA
    volumes = (c.bytes_total, c.bytes_up, c.bytes_down)
    up, down = fit_total(rows, volumes, remarks, needed=is_data, unit=how.unit_bytes)
    up, down = np.where(is_data, up, 0), np.where(is_data, down, 0)
    seconds = np.where(traffic == VOICE, (ended_at - started_at) // MICROSECONDS, 0)
    cost, has_cost, currency = costs(rows, c.cost, c.currency)
    if how.currency:
        currency = currency.map(lambda code: code or how.currency)
    apn, imei, rat, network = apns(rows, c.apn), devices(rows, c.imei), rats(rows, c.rat), _network(rows, c)
    value = Hash(len(rows)).numbers(started_at).numbers(up).numbers(down).numbers(traffic).texts(imei)
    if how.times != "day":
        value.numbers(ended_at)
    return Batch(
        row=rows.table.row,
        started_at=started_at,
        ended_at=ended_at,
        traffic=traffic,
        bytes_up=up,
        bytes_down=down,
        count=np.where(traffic == SMS, 1, how.sessions),
        voice_seconds=seconds,
        rat=rat,
        cost=cost,
        has_cost=has_cost,
        currency=currency,
        apn=apn,
        imei=imei,
        subscriber=subscriber,
        network=network,
        key=_key(how, rows, subscriber, started_at),
        digest=value.numbers(np.where(has_cost, cost, -1)).texts(currency).digest(),
    )


def _times(how: Reading, rows: Rows, remarks: dict[str, int]) -> tuple[Ints, Ints]:
    c = how.columns
    begin = read_times(rows, c.started_at, how.times, how.zone, remarks)
    if how.times == "day":
        rows.check_window(begin, c.started_at)
        now = rows.window.newest - DAY  # a day that is not over yet has not been seen to its end
        return begin, np.where(rows.ok, np.clip(next_midnight(begin, how.zone), begin, np.maximum(now, begin)), begin)
    if c.ended_at:
        end = read_times(rows, c.ended_at, how.times, how.zone, remarks, otherwise=begin)
    else:
        end = begin + rows.whole(c.seconds, default=0, most=LONGEST_SECONDS) * MICROSECONDS
    check_period(rows, begin, end, columns=(c.started_at, c.ended_at or c.seconds or c.started_at))
    return begin, end


def _traffic(rows: Rows, column: str) -> Ints:
    names = rows.coded(column)
    for code, name in enumerate(names.values):
        if name and not traffic_of(name):
            rows.refuse(names.codes == code, column, f"{column} {name[:40]} is none of data, SMS and voice")
    return names.numbers(lambda name: traffic_of(name) or DATA)


def _network(rows: Rows, c: Columns) -> Coded[Network]:
    if c.mcc:
        return networks_by_code(rows, c.mcc, c.mnc)
    return rows.coded(c.operator).map(lambda name: Network(name=name[:LONGEST_NETWORK]))


def _key(how: Reading, rows: Rows, subscriber: Coded[Subscriber], started_at: Ints) -> Keys:
    c = how.columns
    key = Hash(len(rows)).texts(subscriber.map("|".join))
    if c.record_id:
        number = rows.coded(c.record_id)
        rows.refuse(~rows.filled(c.record_id), c.record_id, f"{c.record_id} is empty")
        return key.texts(number).keys(number.numbers(_growing))
    for column in (c.started_at, c.apn, c.mcc, c.mnc, c.operator, c.rat, c.traffic, *how.also_key):
        key.texts(rows.coded(column))
    nothing: Ints = np.zeros(len(rows), np.int64)
    return key.keys(started_at // MICROSECONDS if how.lasting else nothing)


def _growing(number: str) -> int:
    """Numbers of rows grow with time, which keeps the index of keys growing at its end."""
    return int(number) & 0xFFFFFFFF if number.isascii() and number.isdigit() and len(number) < 19 else 0
