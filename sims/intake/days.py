"""Usage by local day: who used how much on which day of the organisation's calendar (pure; no Django)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

EPOCH = date(1970, 1, 1)
DATA, SMS, VOICE = 1, 2, 3


class Midnights:
    """When the local days between two times (microseconds since 1970) begin.

    A day whose midnight is skipped by a change of the clock begins when the clock is put on.
    """

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        begin = datetime.fromtimestamp(first / 1e6, zone).date() - timedelta(days=1)
        end = datetime.fromtimestamp(last / 1e6, zone).date() + timedelta(days=2)
        days = [begin + timedelta(days=step) for step in range((end - begin).days + 1)]
        self.first_day = (begin - EPOCH).days
        self.at = np.array([_micros(datetime.combine(day, time(), zone)) for day in days], np.int64)

    def index(self, times: Ints) -> Ints:
        """The position of each time's day in `at`."""
        return np.searchsorted(self.at, times, side="right") - 1

    def day(self, times: Ints) -> Ints:
        """The local day of each time, in days since 1970."""
        return self.index(times) + self.first_day


def _micros(when: datetime) -> int:
    return (when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


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


@dataclass(frozen=True)
class DaySums:
    """Sums per SIM and local day (days since 1970), ordered by SIM and day; no entry is all zeros."""

    sim_id: Ints
    day: Ints
    bytes_up: Ints
    bytes_down: Ints
    sessions: Ints
    sms: Ints
    voice_seconds: Ints

    def __len__(self) -> int:
        return len(self.sim_id)

    def only(self, rows: Mask) -> "DaySums":
        return DaySums(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


AMOUNTS = ("bytes_up", "bytes_down", "sessions", "sms", "voice_seconds")


def sum_by_day(used: Used, zone: ZoneInfo) -> DaySums:
    """Add up by SIM and local day. Bytes across midnight are shared by time; a session counts on its first day."""
    if not len(used):
        return DaySums(*(np.zeros(0, np.int64) for _ in range(7)))
    midnights = Midnights(zone, int(used.started_at.min()), int(used.ended_at.max()))
    row, day, up, down, first = _split(used, midnights)
    count = np.where(first, used.count[row], 0)
    traffic = used.traffic[row]
    return _group(
        used.sim_id[row],
        day + midnights.first_day,
        [
            up,
            down,
            np.where(traffic == DATA, count, 0),
            np.where(traffic == SMS, count, 0),
            np.where(first, used.voice_seconds[row], 0),
        ],
    )


def _split(used: Used, midnights: Midnights) -> tuple[Ints, Ints, Ints, Ints, Mask]:
    """(row, day index, bytes up, bytes down, whether it is the record's first day), one entry per record and day."""
    begins = midnights.index(used.started_at)
    ends = midnights.index(np.maximum(used.started_at, used.ended_at - 1))
    if (begins == ends).all():
        return np.arange(len(used)), begins, used.bytes_up, used.bytes_down, np.ones(len(used), bool)
    spans = ends - begins + 1
    row = np.repeat(np.arange(len(used)), spans)
    place = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    day = begins[row] + place
    start, end = used.started_at[row], used.ended_at[row]
    length = np.maximum(end - start, 1)
    until = np.where(day == ends[row], 1.0, (midnights.at[day + 1] - start) / length)
    since = np.where(place == 0, 0.0, (midnights.at[day] - start) / length)
    up, down = (_share(amount[row], since, until) for amount in (used.bytes_up, used.bytes_down))
    return row, day, up, down, place == 0


def _share(amount: Ints, since: Any, until: Any) -> Ints:
    """The part of `amount` between two shares of the time: rounded such that the parts add up exactly."""
    share: Ints = np.floor(amount * until).astype(np.int64) - np.floor(amount * since).astype(np.int64)
    return share


def _group(sim_id: Ints, day: Ints, amounts: list[Ints]) -> DaySums:
    order = np.lexsort((day, sim_id))
    sim_id, day = sim_id[order], day[order]
    starts = np.flatnonzero(np.r_[True, (sim_id[1:] != sim_id[:-1]) | (day[1:] != day[:-1])])
    sums = [np.add.reduceat(amount[order], starts) for amount in amounts]
    filled = np.any(sums, axis=0)
    return DaySums(sim_id[starts], day[starts], *sums).only(filled)
