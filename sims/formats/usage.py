"""The usage formats that are known, and which one a file is (pure; no Django)."""

from collections.abc import Sequence

from sims.formats import bics, cellhire, monogoto, own
from sims.formats.header import choose, plain, refuse_repeated, refuse_secrets
from sims.formats.reading import Format
from sims.formats.refused import MARK
from sims.formats.text import Dialect, FileRefused
from sims.formats.vendors import EMNIFY, SORACOM, TELNYX

FORMATS = (own.FORMAT, bics.FORMAT, cellhire.FORMAT, SORACOM, TELNYX, EMNIFY, monogoto.FORMAT)
FREE_CARRIER = 100  # the numbers from here on belong to the mappings that organisations make
INVENTORY_ONLY = frozenset({"msisdn", "eid", "label", "customer", "plan", "operator", "tags", "status"})


class ListOfSims(FileRefused):
    """The file is an inventory, not usage."""


def detect(dialect: Dialect, mappings: Sequence[Format] = ()) -> Format:
    """The format of a usage file by its header: a vendor's if it fits one, else the organisation's own mapping of it.

    Raises FileRefused or SecretColumn.
    """
    refuse_secrets(dialect.columns)
    names = fingerprint(dialect.columns)
    vendor = vendor_of(dialect)
    if vendor:
        refuse_repeated([name for name in dialect.columns if plain(name) in vendor.shape.known])
        return vendor
    refuse_repeated(dialect.columns)
    for mapping in mappings:
        if mapping.header == names:
            return mapping
    if "iccid" in names and set(names) - {"iccid"} and set(names) - {"iccid", "imsi", "imei"} <= INVENTORY_ONLY:
        raise ListOfSims("This is a list of SIMs, not usage. Import it as SIM inventory.")
    shape = choose(dialect.columns, [format.shape for format in FORMATS])
    return next(format for format in FORMATS if format.shape is shape)


def vendor_of(dialect: Dialect) -> Format | None:
    """The vendor's format, or our own, that a header fits; of several the one that knows most of its columns."""
    present = {plain(name) for name in dialect.columns}
    fitting = [format for format in FORMATS if not format.shape.missing(present)]
    return max(fitting, key=lambda format: len(format.shape.known & present), default=None)


def fingerprint(columns: Sequence[str]) -> tuple[str, ...]:
    """What a header is known by again: the plain names of its columns, without those that we add to refused rows."""
    return tuple(sorted({plain(name) for name in columns} - MARK - {""}))


def unread_columns(format: Format, dialect: Dialect) -> list[str]:
    """Columns of the file that the format does not know; they are left out."""
    known = format.shape.known | MARK
    return [name for name in dialect.columns if name and plain(name) not in known]
