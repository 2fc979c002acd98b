"""Many rows in and out of PostgreSQL at once: binary COPY built from numpy columns, Arrow tables read by ADBC.

COPY FROM is refused on a table with a policy: fill a temporary table (`staging`) and INSERT ... SELECT from it.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from iotsim.core.tenancy import tenant

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = np.ndarray[Any, np.dtype[Any]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970
_EPOCH_DAY = 10_957  # the same in days
_REAL = 700  # PostgreSQL's number of the type real
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Fixed:
    """A column whose values all have the width of `kind`; `valid` marks those that are not NULL."""

    values: Numbers
    kind: str
    valid: Mask | None = None


@dataclass(frozen=True)
class Texts:
    """A text column of few different values: row i has `values[codes[i]]`."""

    codes: Numbers
    values: Sequence[str]


Column = Fixed | Texts


def bigint(values: Numbers, valid: Mask | None = None) -> Fixed:
    return Fixed(values, ">i8", valid)


def integer(values: Numbers) -> Fixed:
    return Fixed(values, ">i4")


def smallint(values: Numbers, valid: Mask | None = None) -> Fixed:
    return Fixed(values, ">i2", valid)


def timestamptz(micros: Numbers, valid: Mask | None = None) -> Fixed:
    """From microseconds since 1970 (UTC)."""
    return Fixed(micros - _POSTGRES_EPOCH, ">i8", valid)


def date(days: Numbers, valid: Mask | None = None) -> Fixed:
    """From days since 1970."""
    return Fixed(days - _EPOCH_DAY, ">i4", valid)


def double(values: Numbers, valid: Mask | None = None) -> Fixed:
    return Fixed(values, ">f8", valid)


def boolean(values: Numbers) -> Fixed:
    return Fixed(values, "u1")


def real_arrays(rows: Numbers) -> Fixed:
    """real[] from an array of shape (rows, items), without NULLs: a head of five numbers, then each item's length."""
    items = rows.shape[1]
    layout = np.dtype([("head", ">i4", 5), ("items", [("length", ">i4"), ("value", ">f4")], items)])
    packed = np.zeros(len(rows), layout)
    packed["head"] = (1, 0, _REAL, items, 1)  # dimensions, NULLs, element type, length, first index
    packed["items"]["length"] = 4
    packed["items"]["value"] = rows
    kind = f"V{layout.itemsize}"
    return Fixed(packed.view(kind).ravel(), kind)


def uuid(rows: Numbers, valid: Mask | None = None) -> Fixed:
    """From an array of shape (rows, 16) of bytes."""
    return Fixed(np.ascontiguousarray(rows, np.uint8).view("V16").ravel(), "V16", valid)


def numeric(micros: Numbers, valid: Mask | None = None) -> Fixed:
    """numeric with six decimals, from millionths: a sign and six digits to the base 10,000, four before the point."""
    whole, part = np.divmod(np.abs(micros).astype(np.int64), 1_000_000)
    rows = np.zeros(len(whole), [("n", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2"), ("d", ">i2", 6)])
    rows["n"], rows["weight"], rows["scale"] = 6, 3, 6
    rows["sign"] = np.where(micros < 0, 0x4000, 0)
    rows["d"][:, 4], rows["d"][:, 5] = part // 100, part % 100 * 100
    for place in (3, 2, 1, 0):
        whole, rows["d"][:, place] = np.divmod(whole, 10_000)
    return Fixed(rows.view("V20").ravel(), "V20", valid)


def texts(values: Sequence[str]) -> Texts:
    """A text column whose values are all different."""
    return Texts(np.arange(len(values)), values)


def same(value: int, rows: int) -> Numbers:
    """One number in every row."""
    return np.full(rows, value)


@contextmanager
def staging(name: str, columns: str) -> Iterator[sql.Identifier]:
    """A temporary table with these column definitions, gone at the end of the block."""
    table = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(table, sql.SQL(columns)))
        yield table
        cursor.execute(sql.SQL("DROP TABLE {}").format(table))


def copy_in(table: sql.Identifier, columns: Mapping[str, Column]) -> None:
    """Append rows to a table without policy, by binary COPY."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, names)
    body = binary_rows(list(columns.values()))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER)
        for start in range(0, len(body), _PIECE):
            copy.write(body[start : start + _PIECE])
        copy.write(_TRAILER)


def binary_rows(columns: Sequence[Column]) -> memoryview:
    """The rows as PostgreSQL's binary COPY wants them, without header and trailer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    segments: list[Any] = [pa.scalar(struct.pack(">h", len(columns)), pa.binary())]
    plain: list[Fixed] = []
    for column in columns:
        if isinstance(column, Fixed) and (column.valid is None or column.valid.all()):
            plain.append(column)
            continue
        segments += [_fixed(plain)] if plain else []
        segments.append(_nullable(column) if isinstance(column, Fixed) else _texts(column))
        plain = []
    segments += [_fixed(plain)] if plain else []
    joined = pc.binary_join_element_wise(*segments, pa.scalar(b"", pa.binary()))
    if not len(joined):
        return memoryview(b"")
    ends = np.frombuffer(joined.buffers()[1], np.int32)
    return memoryview(joined.buffers()[2])[ends[joined.offset] : ends[joined.offset + len(joined)]]


def _fixed(columns: Sequence[Fixed]) -> "pa.Array":
    """Columns without NULL side by side, each value behind its length."""
    import pyarrow as pa

    layout = np.dtype([part for i, one in enumerate(columns) for part in ((f"l{i}", ">i4"), (f"v{i}", one.kind))])
    rows = np.empty(len(columns[0].values), layout)
    for i, column in enumerate(columns):
        rows[f"l{i}"] = layout[f"v{i}"].itemsize
        rows[f"v{i}"] = column.values
    kind = pa.binary(layout.itemsize)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(rows), [None, pa.py_buffer(rows)]).cast(pa.binary())


def _nullable(column: Fixed) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _fixed([Fixed(column.values, column.kind)])
    return pc.if_else(pa.array(column.valid), values, pa.scalar(_NULL, pa.binary()))


def _texts(column: Texts) -> "pa.Array":
    import pyarrow as pa

    encoded = [value.encode() for value in column.values]
    framed = pa.array([struct.pack(">i", len(value)) + value for value in encoded], pa.binary())
    return framed.take(pa.array(column.codes))


def copy_out(query: sql.Composable, kinds: Sequence[str]) -> list[Numbers]:
    """The columns of a query without NULLs, as numpy: `kinds` are ">i8", ">i4", ">i2" or "V16", one per column.

    Timestamps come as ">i8": microseconds since 2000 (see `unix`).
    """
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(copy)
    parts = [part for i, kind in enumerate(kinds) for part in ((f"l{i}", ">i4"), (f"v{i}", kind))]
    rows = np.frombuffer(data[len(_HEADER) : -len(_TRAILER)], np.dtype([("n", ">i2"), *parts]))
    return [_native(rows[f"v{i}"]) for i in range(len(kinds))]


def _native(values: Numbers) -> Numbers:
    if values.dtype.kind == "V":
        return np.ascontiguousarray(values)
    return values.astype(np.int64)


def unix(micros: Numbers) -> Numbers:
    """Microseconds since 1970 from those since 2000."""
    return micros + _POSTGRES_EPOCH


def read_arrow(organization_id: int, query: sql.Composable) -> "pa.Table":
    """A query's rows as an Arrow table, read by ADBC on a connection of its own inside the tenant's wall.

    It sees what is committed, not what the open transaction has written.
    """
    with _reading(organization_id, query) as cursor:
        return cursor.fetch_arrow_table()


def read_batches(organization_id: int, query: sql.Composable) -> "Iterator[pa.RecordBatch]":
    """The same as record batches, one in memory at a time."""
    with _reading(organization_id, query) as cursor:
        yield from cursor.fetch_record_batch()


@contextmanager
def _reading(organization_id: int, query: sql.Composable) -> Iterator[Any]:
    from adbc_driver_postgresql import dbapi

    with tenant(organization_id, read_only=True):
        text = query.as_string(connection.connection)
    with dbapi.connect(address()) as adbc, adbc.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SELECT set_config('app.org', '{int(organization_id)}', true)")
        cursor.fetchall()
        cursor.execute(text)
        yield cursor


def address(*, as_owner: bool = False) -> str:
    """The database's address in libpq's words, as the application, or as the login itself (the owner)."""
    parameters = connection.get_connection_params()
    names = ["dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"]
    names += [] if as_owner else ["options"]
    return make_conninfo(**{name: parameters[name] for name in names if parameters.get(name)})
