"""The usage formats that are known, and which one a file is (pure; no Django)."""

from sims.formats import bics, cellhire, own
from sims.formats.header import choose, plain, refuse_repeated, refuse_secrets
from sims.formats.reading import Format
from sims.formats.text import Dialect, FileRefused

FORMATS = (own.FORMAT, bics.FORMAT, cellhire.FORMAT)
INVENTORY_ONLY = frozenset({"msisdn", "eid", "label", "customer", "plan", "operator", "tags", "status"})


def detect(dialect: Dialect) -> Format:
    """The format of a usage file by its header. Raises FileRefused or SecretColumn."""
    refuse_secrets(dialect.columns)
    refuse_repeated(dialect.columns)
    names = {plain(name) for name in dialect.columns}
    if "iccid" in names and names - {"iccid"} and names - {"iccid", "imsi", "imei"} <= INVENTORY_ONLY:
        raise FileRefused("This is a list of SIMs, not usage. Import it as SIM inventory.")
    shape = choose(dialect.columns, [format.shape for format in FORMATS])
    return next(format for format in FORMATS if format.shape is shape)


def by_name(name: str) -> Format:
    return next(format for format in FORMATS if format.name == name)


def unread_columns(format: Format, dialect: Dialect) -> list[str]:
    """Columns of the file that the format does not know; they are left out."""
    return [name for name in dialect.columns if name and plain(name) not in format.shape.known]
