"""Suggestions in words with their figures. Pure: from their kind, their facts (plain JSON) and today."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from iotsim.core.wording import counted, money, size

Facts = Mapping[str, Any]


def words_of(kind: str, facts: Facts, today: date) -> str:
    """What is the matter: "SIM truck-17 runs out of data in 3 days (25 Nov): 8.2 GB of 10 GB used, 71 % likely."."""
    return _WORDS[kind](facts, today)


def _quota(facts: Facts, today: date) -> str:
    on = date.fromisoformat(facts["on"])
    used = f"{size(facts['used'])} of {size(facts['quota'])} used"
    return f"SIM {facts['name']} runs out of data {_when(on, today)}: {used}, {facts['percent']} % likely."


def _when(on: date, today: date) -> str:
    left = (on - today).days
    if left <= 0:
        return "today"
    return f"tomorrow ({on:%-d %b})" if left == 1 else f"in {left} days ({on:%-d %b})"


def _savings(facts: Facts, today: date) -> str:
    whose = f" for {facts['customer']}" if facts.get("customer") else ""
    count = counted(facts["count"], "recommendation")
    return f"{money(facts['cents'], facts['currency'])} a month can be saved{whose}, by {count}."


def _anomaly(facts: Facts, today: date) -> str:
    told = f": {facts['words']}" if facts["words"] else ""
    return f"{facts['subject']}, {facts['title'].lower()}{told}."


def _intake(facts: Facts, today: date) -> str:
    if facts["state"] == "refused":
        return f"{facts['name']} was refused: {facts['reason'] or 'no reason was kept'}"
    if facts["state"] == "failed":
        return f"{facts['name']} broke off before its end."
    rows = counted(facts["rows"], "row")
    return f"{facts['name']}: {rows} {'was' if facts['rows'] == 1 else 'were'} refused and not corrected yet."


def _approval(facts: Facts, today: date) -> str:
    count = counted(facts["count"], "request waits", "requests wait")
    more = " and more" if facts["count"] > len(facts["first"]) else ""
    return f"{count} for your decision: {', '.join(facts['first'])}{more}."


_WORDS: Final[Mapping[str, Callable[[Facts, date], str]]] = {
    "quota": _quota,
    "savings": _savings,
    "anomaly": _anomaly,
    "intake": _intake,
    "approval": _approval,
}
