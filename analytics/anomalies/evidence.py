"""The words for a finding: what was seen, what is usual, and what else points there."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import numpy as np

from analytics.anomalies.shapes import Opinion

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS: Final = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def in_words(kind: str, day: int, figures: np.void, *, today: int | None = None) -> str:
    """One line such as "4.1 GB yesterday; usual Tuesday 12 MB ± 4 MB; IMEI changed 2 h before".

    `day` is the ordinal of the day the figures are of, `figures` one row of FIGURES; with `today` the day is said as
    "today" or "yesterday" where it is one.
    """
    return "; ".join(_parts(kind, day, figures, today))


def bytes_in_words(count: float) -> str:
    """Two figures are enough: "4.1 GB", "12 MB", "0 bytes"."""
    for name, size in UNITS:
        if count >= size:
            amount = count / size
            return f"{amount:.1f} {name}" if amount < 9.95 else f"{amount:,.0f} {name}"
    return f"{count:.0f} bytes"


def _parts(kind: str, day: int, figures: Any, today: int | None) -> Iterator[str]:
    usual = f"usual {WEEKDAYS[(day - 1) % 7]} {bytes_in_words(figures['usual'])}"
    band = f" ± {bytes_in_words((figures['high'] - figures['low']) / 2)}"
    when = _when(day, today)
    if kind == "silent":
        yield f"no use for {_count(figures['idle_days'], 'day')} up to {when.removeprefix('on ')}; {usual}"
        yield f"such a pause comes by chance {_odds(float(figures['idle_odds']))}"
    elif kind == "leak" and np.isfinite(figures["doubling_days"]):
        weeks, doubling = int(figures["weeks"]), float(figures["doubling_days"])
        yield f"use has doubled every {doubling:.0f} days for {weeks} weeks; {bytes_in_words(figures['value'])} {when}"
        yield usual + band
    elif kind == "retry_storm":
        yield f"{figures['sessions']:,.0f} sessions {when}, usual {figures['usual_sessions']:,.0f}"
        yield f"{bytes_in_words(figures['value'])}, {usual}{band}"
    else:
        yield f"{bytes_in_words(figures['value'])} {when}"
        yield usual + band if figures["usual"] > 0 else "what is usual is not known yet"
    yield from _beside(figures)


def _beside(figures: Any) -> Iterator[str]:
    if figures["imei_age"] >= 0:
        yield f"IMEI changed {_before(int(figures['imei_age']), float(figures['imei_hours']))}"
    if figures["country_age"] >= 0:
        age = int(figures["country_age"])
        yield f"in a new country {_since(age)}"
    elif figures["abroad"]:
        yield "abroad"
    if figures["quota_reached"]:
        yield "the quota was reached"
    if np.isfinite(figures["limit"]):
        yield f"above the limit of {_limit(figures)}"


def _before(days: int, hours: float) -> str:
    if np.isfinite(hours):
        return f"{hours:.0f} h before"
    return f"{_count(days, 'day')} before" if days else "the same day"


def _since(days: int) -> str:
    return f"for {_count(days, 'day')}" if days else "since that day"


def _limit(figures: Any) -> str:
    limit = float(figures["limit"])
    return f"{limit:,.0f} sessions a day" if _of_sessions(figures) else f"{bytes_in_words(limit)} a day"


def _of_sessions(figures: Any) -> bool:
    """Whether the limit that was broken is one of sessions: then the bytes may lie below it."""
    return bool(figures["sessions"] > figures["limit"] and not figures["value"] > figures["limit"])


def _when(day: int, today: int | None) -> str:
    names = {0: "today", 1: "yesterday"}
    at = date.fromordinal(day)
    return names.get((today or day - 2) - day, f"on {WEEKDAYS[at.weekday()]} {at.day} {at:%B}")


def _odds(chance: float) -> str:
    return f"once in {min(1 / max(chance, 1e-9), 1e9):,.0f} days" if chance < 1 else "often"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def opinion_in_words(opinion: Opinion) -> str:
    """One sentence of the second opinion."""
    verdict = "The second opinion agrees" if opinion.agrees else "The second opinion doubts it"
    return f"{verdict}: {', '.join(opinion.reasons)}." if opinion.reasons else f"{verdict}."
