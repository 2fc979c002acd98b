"""Why an anomaly was flagged, in words and figures, and what one may do about it."""

from datetime import date, datetime
from typing import Any, Final

from analytics.findings import words
from analytics.findings.rows import fields_of, visible
from analytics.models import Anomaly
from analytics.schemas.anomalies import AnomalyExplained, AnomalyFact, NextStep
from iotsim.core.actor import Actor
from iotsim.core.countries import country_name
from iotsim.core.offers import Offer
from iotsim.core.wording import size
from sims.models import Sim
from sims.offering import suspend


def explain(actor: Actor, row: Anomaly, today: date) -> AnomalyExplained:
    """Everything there is to say of one anomaly. Inside the tenant's transaction."""
    sim = Sim.objects.for_actor(actor).select_related("customer", "plan").filter(pk=row.sim_id or 0).first()
    fields = fields_of(row, sim, today)
    told = words.opinion(row.second_opinion) if row.sim_id else ""
    others = visible(actor).filter(sim_id=row.sim_id, ended_on=None).exclude(pk=row.pk).count() if row.sim_id else 0
    steps = _next_steps(row, sim) if row.status in ("open", "real") else []
    offers = _offers(row, sim) if row.status in ("open", "real") else []
    meaning = words.COHORT_MEANING if row.cohort else words.MEANING[row.kind]
    doing = " ".join(step.why for step in steps[:1])
    fields["sentence"] = " ".join(part for part in (fields["sentence"], meaning, told, doing) if part)
    return AnomalyExplained.model_validate(
        fields
        | {
            "meaning": meaning,
            "offers": offers,
            "facts": [AnomalyFact(label=label, value=value) for label, value in facts_of(row)],
            "opinion": told,
            "next_steps": steps,
            "history": row.history,
            "others": others,
            "shadow": _shadow(row),
        }
    )


def _shadow(row: Anomaly) -> str:
    if row.shadow_day is None:
        return ""
    return f"Two kinds of evidence agree: automatic suspension would have stopped it on {row.shadow_day:%-d %b %Y}."


def facts_of(row: Anomaly) -> list[tuple[str, str]]:
    """The evidence with labels."""
    facts = row.evidence
    found = [(label, told(facts[name])) for name, label, told in _LABELS if facts.get(name) not in (None, "")]
    return [*found, ("Score", f"{row.score:+.2f} (1 is usual, −1 the worst)".replace("-", "−"))]


def _moment(value: str) -> str:
    return f"{datetime.fromisoformat(value):%a %-d %b %Y, %H:%M}"


def _odds(value: float) -> str:
    return "less than one in a million" if value < 1e-6 else f"one in {1 / value:,.0f}"


def _bytes(value: float) -> str:
    return size(round(value))


_LABELS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("day", "Day", lambda value: f"{date.fromisoformat(value):%a %-d %b %Y}"),
    ("bytes", "Used that day", _bytes),
    ("usual_bytes", "Usual for such a day", _bytes),
    ("spread_bytes", "Usually within ±", _bytes),
    ("sessions", "Sessions", "{:,.0f}".format),
    ("usual_sessions", "Usual sessions", "{:,.0f}".format),
    ("imei_at", "Device changed", _moment),
    ("imei_before", "IMEI before", str),
    ("imei_after", "IMEI now", str),
    ("country", "Country", country_name),
    ("home", "At home in", country_name),
    ("silent_days", "Days without data", "{:,}".format),
    ("silent_odds", "Such a pause by chance", _odds),
    ("doubling_days", "Doubles every", lambda value: f"{value:,.0f} days"),
    ("weeks", "Seen over", lambda value: f"{value} weeks"),
    ("quota_bytes", "Quota", _bytes),
    ("left_share", "Left of the usual use", lambda value: f"{100 * value:.0f}\u00a0%"),
    ("bound_bytes", "The policy's limit", lambda value: f"{_bytes(value)} a day"),
    ("bound_sessions", "The policy's limit", "{:,.0f} sessions a day".format),
    ("moved", "Moved together", "{:,} SIMs".format),
    ("cohort_sims", "Of", "{:,} SIMs".format),
    ("excess_bytes", "Above the usual, each", _bytes),
)

_WHY: Final = {
    "theft": "Suspend the SIM and ask the customer where the device is: another device runs up costs with this card.",
    "spike": "Ask the customer whether the device was used otherwise; if not, look at its software.",
    "retry_storm": "Let the customer restart the device and look whether its server answers.",
    "silent": "Ask the customer whether the device has power and coverage.",
    "leak": "Ask for an update of the device's software before its quota is used up.",
    "roaming": "Ask the customer whether the device is meant to be abroad, and look at what use there costs.",
    "throttled": "A larger plan or quota would let it work again before the cycle ends.",
    "new_country": "Ask the customer whether the device is meant to be there.",
    "policy": "Look whether the limit or the SIM is at fault.",
}
_SUSPEND: Final = frozenset({"theft", "spike", "retry_storm", "roaming", "policy", "new_country"})


def _offers(row: Anomaly, sim: Sim | None) -> list[Offer]:
    """What can be done about it at once; a mark is an answer to it as well."""
    acts = []
    if sim is not None and row.kind in _SUSPEND and sim.status == "active":
        acts.append(suspend(sim.iccid, sim.short_name, reason=f"Anomaly {row.pk}: {words.TITLES[row.kind].lower()}"))
    if row.status == "open":
        acts.append(
            Offer(
                service="mark_anomaly",
                arguments={"anomaly": row.pk, "mark": "false"},
                words="Mark it as a false alarm",
            )
        )
    return acts


def _next_steps(row: Anomaly, sim: Sim | None) -> list[NextStep]:
    """What usually helps, the most pressing first. Each is an existing service with its own guard."""
    if sim is None:
        return []
    named, steps = {"sim": sim.iccid}, []
    if row.kind in _SUSPEND and sim.status == "active":
        arguments = {**named, "action": "suspend", "reason": f"Anomaly {row.pk}: {words.TITLES[row.kind].lower()}"}
        steps.append(
            NextStep(label="Suspend the SIM", why=_WHY[row.kind], service="toggle_sim_status", icon="player-pause",
                     arguments=arguments, fields="reason")
        )  # fmt: skip
    if row.kind in ("throttled", "leak"):
        steps.append(
            NextStep(label="Change its quota", why=_WHY[row.kind], service="update_quota", icon="gauge",
                     arguments=named, fields="quota")
        )  # fmt: skip
    text = f"{words.TITLES[row.kind]}: {words.evidence_in_words(row.kind, row.evidence)}"[:300]
    if row.alert_id is None:
        steps.append(
            NextStep(label="Raise an alert", why=_WHY[row.kind], service="create_alert", icon="bell",
                     arguments={**named, "text": text, "severity": "warning"}, fields="text severity")
        )  # fmt: skip
    return steps
