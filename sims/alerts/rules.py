"""A rule in a sentence."""

from iotsim.core.wording import counted, size
from sims.models import AlertRule


def words_of(rule: AlertRule) -> str:
    """What the rule watches: "When a SIM of Acme has used 80 % of its quota."."""
    return f"When {_subject(rule)} {_condition(rule)}."


def _subject(rule: AlertRule) -> str:
    if rule.kind == "intake_failure":
        return "an import"
    if rule.sim:
        return f"SIM {rule.sim.short_name}"
    parts = [
        "a SIM or pool" if rule.kind in ("threshold", "limit") and not (rule.tag or rule.usage_bytes) else "a SIM",
        f"of {rule.customer.name}" if rule.customer else "",
        f"on plan {rule.plan.name}" if rule.plan else "",
        f"tagged {rule.tag.name}" if rule.tag else "",
    ]
    return " ".join(part for part in parts if part)


def _condition(rule: AlertRule) -> str:
    match rule.kind:
        case "threshold" | "limit" if rule.usage_bytes is not None:
            return f"has used {size(rule.usage_bytes)} in its billing cycle"
        case "threshold":
            return f"has used {rule.percent} % of its quota" if rule.percent else "has reached its plan's threshold"
        case "limit":
            return f"has used {rule.percent:,} % of its quota" if rule.percent else "has used its quota up"
        case "silence":
            hours = rule.hours or 168
            span = counted(hours // 24, "day") if hours % 24 == 0 else counted(hours, "hour")
            return f"that is active has not connected for {span}"
        case "imei_change":
            return "appears in another device model"
        case "new_country":
            return "appears in a country it has never been in"
        case "intake_failure":
            return f"is refused, breaks off, or has {rule.percent or 10} % of its rows refused"
    states = " or ".join(one.replace("_", " ") for one in rule.statuses) or "anything else"
    reasons = ", ".join(one.replace("_", " ") for one in rule.reasons)
    return f"becomes {states}{f' by reason of {reasons}' if reasons else ''}, or a change of its state fails"
