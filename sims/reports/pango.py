"""Whether this machine can make PDF: WeasyPrint sets text with Pango, which comes from the system."""

import ctypes
from ctypes.util import find_library
from functools import cache
from typing import Final

from iotsim.core.errors import Unavailable

# The packages of Debian and Ubuntu; the font is for machines without any.
PACKAGES: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")
_LIBRARIES: Final = (
    ("libgobject-2.0.so.0", "gobject-2.0"),
    ("libpango-1.0.so.0", "pango-1.0"),
    ("libharfbuzz.so.0", "harfbuzz"),
    ("libharfbuzz-subset.so.0", "harfbuzz-subset"),
    ("libfontconfig.so.1", "fontconfig"),
    ("libpangoft2-1.0.so.0", "pangoft2-1.0"),
)


def require_pango() -> None:
    """Raise Unavailable, with the one command to run, where PDF cannot be made."""
    if not _there():
        raise Unavailable(
            f"PDF needs Pango, which this machine lacks: run `apt-get install {' '.join(PACKAGES)}` as root and ask "
            "again. CSV, Excel and JSON work without it."
        )


def _there() -> bool:
    """Looked at anew while it is missing, so that nothing has to be started again once it is installed."""
    if all(_loads(*names) for names in _LIBRARIES):
        return True
    _loads.cache_clear()
    return False


@cache
def _loads(name: str, stem: str) -> bool:
    return _opens(name) or _opens(find_library(stem) or "")


def _opens(name: str) -> bool:
    if not name:  # the name of nothing opens this very program
        return False
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
