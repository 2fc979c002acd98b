"""The columns of a report's rows, in their order: what they are called for people, for programs, and of what kind."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["id", "text", "day", "count", "bytes", "money", "moment"]


@dataclass(frozen=True)
class Column:
    """`name` as in JSON, `header` with its unit, `width` in characters of a sheet's column."""

    name: str
    header: str
    kind: Kind
    width: int


_WHO: Final = (
    Column("iccid", "ICCID", "id", 22),
    Column("label", "Label", "text", 28),
    Column("customer", "Customer", "text", 24),
    Column("plan", "Plan", "text", 20),
    Column("operator", "Operator", "text", 20),
    Column("country", "Country", "text", 9),
    Column("status", "Status", "text", 11),
)
_USED: Final = (
    Column("bytes_up", "Uploaded, bytes", "bytes", 16),
    Column("bytes_down", "Downloaded, bytes", "bytes", 18),
    Column("bytes_total", "Total, bytes", "bytes", 16),
    Column("sessions", "Sessions", "count", 10),
    Column("sms", "SMS", "count", 8),
)
_AS_OF: Final = Column("as_of", "Usage as of", "moment", 26)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "sim": (
        *_WHO,
        Column("quota_bytes", "Quota a cycle, bytes", "bytes", 20),
        *_USED,
        Column("price_cents", "Plan price for the period", "money", 24),
        Column("overage_cents", "Overage in the period", "money", 20),
        Column("currency", "Currency", "text", 9),
        _AS_OF,
    ),
    "day": (Column("day", "Day", "day", 12), *_WHO, *_USED, _AS_OF),
}
