"""An alert in a sentence, from its kind and its facts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from iotsim.core.countries import country_name
from iotsim.core.wording import counted, size
from sims.models import Alert

Facts = dict[str, Any]


def sentence_of(alert: Alert) -> str:
    """What is the matter, in one sentence: "SIM truck-17 has used 4.12 GB, 82 % of its quota of 5.00 GB."."""
    if alert.text:
        return alert.text
    return _SENTENCES[alert.kind](subject_of(alert), alert.facts)


def subject_of(alert: Alert) -> str:
    """What it is about: a SIM, a pool or a file."""
    if alert.sim is not None:
        return f"SIM {alert.sim.short_name}"
    if alert.pool_plan is not None:
        whose = f" of {alert.customer.name}" if alert.customer else ""
        return f"The pool {alert.pool_plan.name}{whose}"
    return alert.intake.name if alert.intake else "The fleet"


def _usage(subject: str, facts: Facts) -> str:
    used, quota, bound = facts["used_bytes"], facts.get("quota_bytes"), facts.get("bound_bytes")
    if bound is not None:
        return f"{subject} has used {size(used)} this cycle, more than the {size(bound)} of the rule."
    pool = f" of its {counted(facts['sims'], 'SIM')}" if "sims" in facts else ""
    if quota and used >= quota:
        return f"{subject} has used {size(used)}, {facts['percent']:,} % of the quota{pool}, {size(quota)}."
    return f"{subject} has used {facts['percent']} % of the quota{pool}: {size(used)} of {size(quota)}."


def _status(subject: str, facts: Facts) -> str:
    after = facts["after"].replace("_", " ")
    if facts["state"] != "confirmed":
        return f"{subject} could not be made {after}: the carrier's answer was {facts['state'].replace('_', ' ')}."
    note = f" ({facts['note'].rstrip('.')})" if facts.get("note") else ""
    return f"{subject} became {after}, reason: {facts['reason'].replace('_', ' ')}{note}."


def _imei(subject: str, facts: Facts) -> str:
    before, after = facts["before"], facts["after"]
    return f"{subject} is in another device model: type {after[:8]} in place of {before[:8]}."


def _country(subject: str, facts: Facts) -> str:
    before, after = country_name(facts["before"]), country_name(facts["after"])
    return f"{subject} is in {after}, where it has never been seen; it was in {before}."


def _silence(subject: str, facts: Facts) -> str:
    seen = datetime.fromisoformat(facts["last_seen_at"])
    hours = facts["hours"]
    span = counted(hours // 24, "day") if hours % 24 == 0 else counted(hours, "hour")
    return f"{subject} has not connected for {span} or more; it was last seen on {seen:%d %b %Y}."


def _intake(subject: str, facts: Facts) -> str:
    match facts["state"]:
        case "refused":
            return f"{subject} was refused whole: {facts['reason']}"[:500]
        case "done":
            return f"{facts['refused']:,} of {counted(facts['rows'], 'row')} of {subject} were refused."
    return f"The import of {subject} broke off after {counted(facts['rows'], 'row')}."


_SENTENCES: Final[dict[str, Callable[[str, Facts], str]]] = {
    "threshold": _usage,
    "limit": _usage,
    "status": _status,
    "imei_change": _imei,
    "new_country": _country,
    "silence": _silence,
    "intake_failure": _intake,
}
