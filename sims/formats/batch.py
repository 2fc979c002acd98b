"""What a mapping makes of a block: columns of one meaning and unit, whoever the vendor is (pure; no Django)."""

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from sims.formats.columns import Coded
from sims.formats.keys import Keys
from sims.formats.table import Ints, Mask, Refusal

DATA, SMS, VOICE = 1, 2, 3

# 3GPP TS 29.061 and 29.274: the RAT-Type that networks report, and the words vendors write for it.
RAT_NAMES = {
    "3g": 1, "utran": 1, "umts": 1, "wcdma": 1, "2g": 2, "geran": 2, "gsm": 2, "gprs": 2, "edge": 2,
    "wlan": 3, "wifi": 3, "gan": 4, "hspa": 5, "hspaevolution": 5, "hspa+": 5,
    "4g": 6, "lte": 6, "eutran": 6, "nbiot": 8, "eutrannbiot": 8, "ltem": 9, "catm": 9, "catm1": 9, "ltecatm1": 9,
    "5g": 10, "nr": 10, "5gnr": 10, "5gsa": 10, "5gnsa": 6,
}  # fmt: skip
RAT_CODES = frozenset(RAT_NAMES.values())


class Subscriber(NamedTuple):
    """Who a row is about, as the file says it; either may be empty."""

    iccid: str
    imsi: str


class Network(NamedTuple):
    """The visited network as the file says it: by MCC and MNC, or by name."""

    mcc: str = ""
    mnc: str = ""
    name: str = ""


@dataclass(frozen=True)
class Batch:
    """Rows ready for the database. Times are microseconds since 1970 (UTC), costs millionths, sizes bytes.

    `bytes_*` are what the row itself stands for; where `session_key` is given they are the vendor's counters
    since the session's start, `started_at` is that start, and only the growth will count.
    """

    row: Ints
    started_at: Ints
    ended_at: Ints
    traffic: Ints
    bytes_up: Ints
    bytes_down: Ints
    count: Ints
    voice_seconds: Ints
    rat: Ints  # 0: not said
    cost: Ints
    has_cost: Mask
    currency: Coded[str]
    apn: Coded[str]
    imei: Coded[str]
    subscriber: Coded[Subscriber]
    network: Coded[Network]
    key: Keys
    digest: Ints
    session_key: Keys | None = None

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Ints | Mask) -> "Batch":
        """Some of the rows."""
        taken: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                taken[field.name] = value.take(rows) if isinstance(value, Coded) else value[rows]
        return replace(self, **taken)


@dataclass(frozen=True)
class Settled:
    """Good rows that an earlier import had refused: its number, and their numbers there (0: not said)."""

    intake_id: int
    rows: Ints


@dataclass(frozen=True)
class Read:
    """A block that was read: its good rows, what was refused of it, and remarks with how many rows they concern."""

    batch: Batch
    refusals: list[Refusal]
    refused: int
    remarks: dict[str, int]
    settled: Settled | None = None


def pairs(first: Coded[Any], second: Coded[Any]) -> tuple[Ints, list[tuple[Any, Any]]]:
    """Two coded columns as one: (codes, the different pairs)."""
    both = first.codes * len(second.values) + second.codes
    different, codes = np.unique(both, return_inverse=True)
    width = len(second.values)
    return codes, [(first.values[int(one) // width], second.values[int(one) % width]) for one in different]


def rat_code(text: str) -> int:
    """The RAT-Type of a vendor's word or number; 0 when it is unknown."""
    if text.isdigit():
        return int(text) if int(text) in RAT_CODES else 0
    return RAT_NAMES.get("".join(c for c in text.casefold() if c.isalnum() or c == "+"), 0)


def traffic_of(name: str) -> int:
    """What a vendor's word for a service means; 0 when it is none of data, SMS and voice."""
    words = name.casefold().replace("-", "").replace("_", "").replace(" ", "")
    if "sms" in words:
        return SMS
    if any(word in words for word in ("voice", "call", "moc", "mtc")):
        return VOICE
    return DATA if any(word in words for word in ("data", "gprs", "nbiot", "ltem", "packet")) else 0
