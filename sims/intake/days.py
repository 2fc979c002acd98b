"""Usage by local day and by hour: who used how much, in the organisation's days and in UTC hours (pure; no Django)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

EPOCH = date(1970, 1, 1)
DATA, SMS, VOICE = 1, 2, 3
HOUR_MICROS: Final = 3_600_000_000
BUCKET_BITS: Final = 21  # days and hours since 1970 fit until 2209
MOST_PIECES: Final = 2_000_000  # of records cut into buckets at once: a record of a month has 744 hours


class Grid(Protocol):
    """Consecutive buckets of time. The bucket at `index` bears the number `first + index`."""

    first: int

    def index(self, times: Ints) -> Ints:
        """The position of the bucket that each time (microseconds since 1970) is in."""

    def begins(self, index: Ints) -> Ints:
        """When the buckets at these positions begin."""


class Midnights:
    """When the local days between two times (microseconds since 1970) begin.

    A day whose midnight is skipped by a change of the clock begins when the clock is put on.
    """

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        begin = datetime.fromtimestamp(first / 1e6, zone).date() - timedelta(days=1)
        end = datetime.fromtimestamp(last / 1e6, zone).date() + timedelta(days=2)
        days = [begin + timedelta(days=step) for step in range((end - begin).days + 1)]
        self.first = self.first_day = (begin - EPOCH).days
        self.at = np.array([midnight(day, zone) for day in days], np.int64)

    def index(self, times: Ints) -> Ints:
        """The position of each time's day in `at`."""
        return np.searchsorted(self.at, times, side="right") - 1

    def begins(self, index: Ints) -> Ints:
        return self.at[index]

    def day(self, times: Ints) -> Ints:
        """The local day of each time, in days since 1970."""
        return self.index(times) + self.first_day


class Hours:
    """The hours of UTC, numbered since 1970."""

    first = 0

    def index(self, times: Ints) -> Ints:
        return times // HOUR_MICROS

    def begins(self, index: Ints) -> Ints:
        return index * HOUR_MICROS


HOURS: Final = Hours()


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a local day begins, in microseconds since 1970."""
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    return (begin - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Used:
    """What records say, one entry each: SIM, period (microseconds since 1970), amounts."""

    sim_id: Ints
    started_at: Ints
    ended_at: Ints
    traffic: Ints
    bytes_up: Ints
    bytes_down: Ints
    count: Ints
    voice_seconds: Ints

    def __len__(self) -> int:
        return len(self.sim_id)

    def only(self, rows: Mask | slice) -> "Used":
        return Used(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def since(self, moment: int) -> "Used":
        """What was used from that moment on: bytes are shared by time, what is counted belongs to the beginning."""
        used = self.only((self.started_at >= moment) | (self.ended_at > moment))
        cut = used.started_at < moment
        length = np.maximum(used.ended_at - used.started_at, 1)
        gone = np.where(cut, (moment - used.started_at) / length, 0.0)
        up, down = (_share(amount, gone, np.ones(len(used))) for amount in (used.bytes_up, used.bytes_down))
        count, seconds = (np.where(cut, 0, amount) for amount in (used.count, used.voice_seconds))
        started_at = np.maximum(used.started_at, moment)
        return Used(used.sim_id, started_at, used.ended_at, used.traffic, up, down, count, seconds)


@dataclass(frozen=True)
class Sums:
    """Sums per SIM and bucket (days or hours since 1970), ordered by SIM and bucket; no entry is all zeros."""

    sim_id: Ints
    bucket: Ints
    bytes_up: Ints
    bytes_down: Ints
    sessions: Ints
    sms: Ints
    voice_seconds: Ints

    def __len__(self) -> int:
        return len(self.sim_id)

    @property
    def amounts(self) -> list[Ints]:
        return [getattr(self, name) for name in AMOUNTS]

    def only(self, rows: Mask) -> "Sums":
        return Sums(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def not_before(self, bucket: int) -> "Sums":
        """All of it on that bucket or later: what is earlier is booked on it."""
        return _group(self.sim_id, np.maximum(self.bucket, bucket), self.amounts)

    @classmethod
    def none(cls) -> "Sums":
        return cls(*(np.zeros(0, np.int64) for _ in range(7)))

    def of_all_sims(self) -> "Sums":
        """One entry for each bucket, under the SIM 0."""
        return _group(np.zeros(len(self), np.int64), self.bucket, self.amounts)


AMOUNTS = ("bytes_up", "bytes_down", "sessions", "sms", "voice_seconds")


def pairs(sim_id: Ints, bucket: Ints) -> Ints:
    """SIM and bucket as one number, in the order of both."""
    return (sim_id << BUCKET_BITS) | bucket


def sum_by_day(used: Used, zone: ZoneInfo) -> Sums:
    """Add up by SIM and local day. Bytes across midnight are shared by time; a session counts on its first day."""
    if not len(used):
        return Sums.none()
    return _sum(used, Midnights(zone, int(used.started_at.min()), int(used.ended_at.max())))


def sum_by_hour(used: Used) -> Sums:
    """Add up by SIM and hour of UTC, by the same rules."""
    return _sum(used, HOURS) if len(used) else Sums.none()


def _sum(used: Used, grid: Grid) -> Sums:
    begins = grid.index(used.started_at)
    ends = grid.index(np.maximum(used.started_at, used.ended_at - 1))
    pieces = np.cumsum(ends - begins + 1)
    if int(pieces[-1]) == len(used):
        return _add_up(used, grid, begins, ends)
    cuts = np.unique(np.searchsorted(pieces, np.arange(MOST_PIECES, int(pieces[-1]), MOST_PIECES), side="right"))
    parts = [slice(low, high) for low, high in pairwise([0, *cuts.tolist(), len(used)]) if low < high]
    sums = [_add_up(used.only(part), grid, begins[part], ends[part]) for part in parts]
    return sums[0] if len(sums) == 1 else _joined(sums)


def _joined(sums: list[Sums]) -> Sums:
    sim_id, bucket, *amounts = (
        np.concatenate([getattr(one, name) for one in sums]) for name in Sums.__dataclass_fields__
    )
    return _group(sim_id, bucket, amounts)


def _add_up(used: Used, grid: Grid, begins: Ints, ends: Ints) -> Sums:
    row, index, up, down, first = _split(used, grid, begins, ends)
    count = np.where(first, used.count[row], 0)
    traffic = used.traffic[row]
    return _group(
        used.sim_id[row],
        index + grid.first,
        [
            up,
            down,
            np.where(traffic == DATA, count, 0),
            np.where(traffic == SMS, count, 0),
            np.where(first, used.voice_seconds[row], 0),
        ],
    )


def _split(used: Used, grid: Grid, begins: Ints, ends: Ints) -> tuple[Ints, Ints, Ints, Ints, Mask]:
    """(row, index, bytes up, bytes down, whether it is the record's first bucket), one entry per record and bucket."""
    if (begins == ends).all():
        return np.arange(len(used)), begins, used.bytes_up, used.bytes_down, np.ones(len(used), bool)
    spans = ends - begins + 1
    row = np.repeat(np.arange(len(used)), spans)
    place = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    index = begins[row] + place
    start, end = used.started_at[row], used.ended_at[row]
    length = np.maximum(end - start, 1)
    until = np.where(index == ends[row], 1.0, (grid.begins(index + 1) - start) / length)
    since = np.where(place == 0, 0.0, (grid.begins(index) - start) / length)
    up, down = (_share(amount[row], since, until) for amount in (used.bytes_up, used.bytes_down))
    return row, index, up, down, place == 0


def _share(amount: Ints, since: Any, until: Any) -> Ints:
    """The part of `amount` between two shares of the time: rounded such that the parts add up exactly."""
    share: Ints = np.floor(amount * until).astype(np.int64) - np.floor(amount * since).astype(np.int64)
    return share


def _group(sim_id: Ints, bucket: Ints, amounts: list[Ints]) -> Sums:
    if not len(sim_id):
        return Sums.none()
    key = pairs(sim_id, bucket)
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    sums = [np.add.reduceat(amount[order], starts) for amount in amounts]
    filled = np.any(sums, axis=0)
    key = key[starts]
    return Sums(key >> BUCKET_BITS, key & ((1 << BUCKET_BITS) - 1), *sums).only(filled)
