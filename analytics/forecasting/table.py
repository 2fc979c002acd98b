"""Long tables (unique_id, ds, y) of any sampling interval as arrays (step, series)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = ("unique_id", "ds", "y")
DAY: Final = 86_400
MONTH: Final = 2_629_746  # seconds, the mean
LARGEST: Final = 200_000_000  # cells of the array
Seconds = NDArray[np.int64]


class BadTable(ValueError):
    """A file that cannot be judged; the text is a sentence for people."""


@dataclass(frozen=True)
class Series:
    """`values` float32 (T, N), NaN where nothing is known; step n begins `start` + n * `step_seconds` (months: about).

    `day`: steps of a day (1 when a step is a day or more), `year`: steps of 52 weeks (0: of no use), `notes`: what was
    odd in the file.
    """

    names: list[str]
    values: NDArray[np.float32]
    start: datetime
    step_seconds: float
    day: int
    year: int
    notes: list[str] = field(default_factory=list)

    def period(self, length: int) -> int:
        """Steps of the season to be used with so many steps of history: at least three of it are needed."""
        for wanted in self.seasons:
            if length >= 3 * wanted:
                return wanted
        return 1

    @property
    def seasons(self) -> tuple[int, ...]:
        """In steps, the longest first."""
        if self.step_seconds >= 27 * DAY:
            return (max(round(12 * MONTH / self.step_seconds), 1),)
        week = round(7 * DAY / self.step_seconds)
        return tuple(one for one in (week, self.day) if one > 1)


def read_series(path: Path, limit: int | None = None) -> Series:
    """The series of a parquet or CSV file (also .csv.gz), at most `limit` of them, by name. Raises BadTable."""
    table = _columns(_read(path), path)
    names, series = _names(table)
    seconds, is_number = _times(table, path)
    values = _numbers(table, path)
    usable = seconds != np.iinfo(np.int64).min
    notes = [] if usable.all() else [f"{(~usable).sum()} rows without a time were left out."]
    if limit is not None:
        usable &= series < limit
        names = names[:limit]
    series, seconds, values = series[usable], seconds[usable], values[usable]
    if not series.size:
        raise BadTable(f"{path} has no row with a unique_id, a time and a value.")
    step = _step(series, seconds)
    return _arranged(names, series, seconds, values, step, notes, is_number=is_number)


def _read(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if not path.is_file():
        raise BadTable(f"There is no file {path}.")
    try:
        if path.name.endswith((".csv", ".csv.gz", ".txt")):
            return pyarrow.csv.read_csv(path)
        return pyarrow.parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise BadTable(f"{path} is neither a parquet file nor a CSV file ending in .csv: {reason}") from error


def _columns(table: "pa.Table", path: Path) -> "pa.Table":
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise BadTable(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: a long table has "
            f"unique_id, ds and y (found: {', '.join(table.column_names)})."
        )
    if not table.num_rows:
        raise BadTable(f"{path} has no rows.")
    return table.select(COLUMNS)


def _names(table: "pa.Table") -> tuple[list[str], NDArray[np.int64]]:
    """The names in order, and which of them each row has."""
    import pyarrow as pa

    encoded = table["unique_id"].cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
    names = [str(name) for name in encoded.dictionary.to_pylist()]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return [names[index] for index in order], place[encoded.indices.to_numpy(zero_copy_only=False)]


def _times(table: "pa.Table", path: Path) -> tuple[Seconds, bool]:
    """Seconds since 1970 (UTC where a zone is given), the lowest number where there is none; or step numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table["ds"]
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy(), True
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = pc.cast(pc.replace_substring(column, " ", "T"), pa.timestamp("s"))
        stamps = column.cast(pa.timestamp("s"), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise BadTable(
            f"The column ds of {path} holds something that is no date (write 2026-09-30 or 2026-09-30T13:00): "
            f"{str(error).splitlines()[0]}"
        ) from error
    return stamps.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy(), False


def _numbers(table: "pa.Table", path: Path) -> NDArray[np.float64]:
    import pyarrow as pa

    try:
        column = table["y"].cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise BadTable(f"The column y of {path} holds something that is no number: {reason}") from error
    found: NDArray[np.float64] = column.to_numpy().astype(np.float64)
    return found


def _step(series: NDArray[np.int64], seconds: Seconds) -> int:
    """The usual distance from one time to the next of the same series."""
    order = np.lexsort((seconds, series))
    apart = np.diff(seconds[order])
    apart = apart[(np.diff(series[order]) == 0) & (apart > 0)]
    if not apart.size:
        raise BadTable("Every series has a single time only: there is nothing to forecast from.")
    found, counts = np.unique(apart, return_counts=True)
    return int(found[counts.argmax()])


def _arranged(
    names: list[str],
    series: NDArray[np.int64],
    seconds: Seconds,
    values: NDArray[np.float64],
    step: int,
    notes: list[str],
    *,
    is_number: bool,
) -> Series:
    monthly = not is_number and 27 * DAY <= step <= 367 * DAY
    place, step_seconds = _months(seconds, step) if monthly else ((seconds - seconds.min()) // step, float(step))
    length = int(place.max()) + 1
    if length * len(names) > LARGEST:
        raise BadTable(
            f"{len(names):,} series over {length:,} steps of {step:,} s are too many to hold: take a part of them."
        )
    arranged = np.full((length, len(names)), np.nan, np.float32)
    arranged[place, series] = values  # of duplicates the last
    twice = len(place) - len(np.unique(place * len(names) + series))
    if twice:
        notes = [*notes, f"{twice} duplicate rows: the last of each was taken."]
    arranged[~(np.isfinite(arranged) & (arranged >= 0))] = np.nan
    start = datetime(2000, 1, 1) if is_number else datetime(1970, 1, 1) + timedelta(seconds=int(seconds.min()))
    day = max(round(DAY / step_seconds), 1)
    year = round(364 * DAY / step_seconds) if step_seconds <= DAY else 0
    if is_number:
        day, year, step_seconds = 1, 0, float(DAY)
    return _ended_together(Series(names, arranged, start, step_seconds, day, year, notes))


def _months(seconds: Seconds, step: int) -> tuple[NDArray[np.int64], float]:
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    size = max(round(step / MONTH), 1)
    return (months - months.min()) // size, float(size * MONTH)


def _ended_together(series: Series) -> Series:
    """Series that end at quite different times are moved so that each ends with the last step."""
    known = np.isfinite(series.values)
    length = len(known)
    last = np.where(known.any(axis=0), length - 1 - known[::-1].argmax(axis=0), length - 1)
    if np.median(last) >= 0.9 * (length - 1):
        return series
    moved = np.full_like(series.values, np.nan)
    for index, end in enumerate(last):
        moved[length - 1 - end :, index] = series.values[: end + 1, index]
    note = "The series end at different times, so each was moved to end with the last step."
    return Series(
        series.names, moved, series.start, series.step_seconds, series.day, series.year, [*series.notes, note]
    )
