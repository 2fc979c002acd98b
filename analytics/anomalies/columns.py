"""The state field by field: records, one a SIM, are for keeping; columns, one a field, for arithmetic."""

from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.shapes import STATE, Flags, State, Whole

NAMES: Final = STATE.names or ()
PART: Final = 2048  # records at a time, so that each is fetched once for all its fields


class Columns:
    """The fields of STATE as contiguous arrays; those with several numbers a SIM contiguous along the SIMs."""

    def __init__(self, fields: dict[str, NDArray[Any]]) -> None:
        self.fields = fields

    @classmethod
    def of(cls, state: State) -> "Columns":
        """A copy of the records."""
        fields = {name: np.empty(state[name].shape, state[name].dtype, order="F") for name in NAMES}
        for start in range(0, state.size, PART):
            part = slice(start, start + PART)
            for name, column in fields.items():
                column[part] = state[name][part]
        return cls(fields)

    def write(self, state: State) -> None:
        """Back into the records."""
        for start in range(0, state.size, PART):
            part = slice(start, start + PART)
            for name, column in self.fields.items():
                state[name][part] = column[part]

    @property
    def size(self) -> int:
        return int(self.fields["last_day"].size)

    @overload
    def __getitem__(self, key: str) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: slice | Whole | Flags) -> "Columns": ...
    def __getitem__(self, key: str | slice | Whole | Flags) -> "NDArray[Any] | Columns":
        """A field; or some SIMs: views for a slice, else copies."""
        if isinstance(key, str):
            return self.fields[key]
        return Columns({name: column[key] for name, column in self.fields.items()})

    def __setitem__(self, name: str, values: NDArray[Any] | float) -> None:
        self.fields[name][...] = values
