"""Rules that say when there is an alert."""

from typing import Annotated, Any, Literal

from django.db.models import Count, Q
from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.parameters import Bytes
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted
from sims.alerts.parameters import AlertRuleId, AlertRuleKind, AlertSeverity, Enabled, Hours, Percent
from sims.alerts.rules import words_of
from sims.alerts.watch import end_of_rules
from sims.examples import EXAMPLES
from sims.lifecycle import Reason
from sims.models import Alert, AlertRule
from sims.naming import find_customer, find_plan, find_sim, find_tag
from sims.parameters import CustomerName, PlanName, SimRef, SimStatuses, TagName, as_list
from sims.schemas.alerts import AlertRuleOut, AlertRulePage

NEEDS = {"threshold": (), "limit": (), "silence": ("hours",)}
TAKES = {
    "threshold": {"percent", "usage_bytes"},
    "limit": {"percent", "usage_bytes"},
    "silence": {"hours"},
    "intake_failure": {"percent"},
    "status": {"statuses", "reasons"},
}
WORDS = {"usage_bytes": "usage", "statuses": "status", "percent": "percent", "hours": "hours", "reasons": "reasons"}

RuleName = Annotated[
    str | None, Field(min_length=2, max_length=120, description="Name of the rule; made up if not given")
]
Reasons = Annotated[
    list[Literal["user", "limit", "balance", "imei_lock", "carrier", "fraud", "agent", "first_traffic", "import"]]
    | None,
    Field(description=f"Only for these reasons: {', '.join(Reason)}"),
]
RuleUsage = Annotated[Bytes | None, Field(description="Usage in a billing cycle, for threshold and limit")]
Rearm = Annotated[
    int | None, Field(ge=0, le=8760, description="For how many hours after it was resolved the same alert stays quiet")
]


def _rules(actor: Actor) -> Any:
    """Whoever is limited to some customers sees the rules of everybody and of theirs."""
    rows = AlertRule.objects.filter(organization_id=actor.organization_id)
    rows = rows.select_related("customer", "tag", "plan", "sim")
    if actor.customer_ids is None:
        return rows
    theirs = Q(customer=None) | Q(customer_id__in=actor.customer_ids)
    return rows.filter(theirs, Q(sim=None) | Q(sim__customer_id__in=actor.customer_ids), tag=None, plan=None)


def _find(actor: Actor, number: int, *, lock: bool = False) -> AlertRule:
    rows = _rules(actor)
    found: AlertRule | None = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no alert rule {number}.", field="rule")
    return found


def _whole(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("Your access is limited to some customers, and rules are for the whole organisation.")


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="alert-rules",
    examples=EXAMPLES["list_alert_rules"],
    title="Alert rules",
)
def list_alert_rules(actor: Actor) -> AlertRulePage:
    """List the rules that say when there is an alert, each with how many of its alerts are not resolved."""
    rows = list(_rules(actor).order_by("pk"))
    unresolved = Alert.objects.filter(rule__in=[row.pk for row in rows]).exclude(status="resolved")
    counts = dict(unresolved.order_by().values_list("rule").annotate(Count("pk")))
    items = [AlertRuleOut.of(row, open_alerts=counts.get(row.pk, 0)) for row in rows]
    on = sum(one.enabled for one in items)
    return AlertRulePage(sentence=f"{counted(len(items), 'alert rule')}, {on} of them switched on.", items=items)


def _undo_creation(actor: Actor, arguments: BaseModel, result: AlertRuleOut) -> Undo:
    return Undo("delete_alert_rule", {"rule": result.id})


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="alert-rules",
    examples=EXAMPLES["create_alert_rule"],
    title="Create alert rule",
    undo=_undo_creation,
)
def create_alert_rule(
    actor: Actor,
    *,
    kind: AlertRuleKind | None = None,
    name: RuleName = None,
    severity: AlertSeverity = "warning",
    percent: Percent | None = None,
    usage: RuleUsage = None,
    hours: Hours | None = None,
    status: SimStatuses | None = None,
    reasons: Reasons = None,
    sim: SimRef | None = None,
    customer: CustomerName | None = None,
    tag: TagName | None = None,
    plan: PlanName | None = None,
    rearm_hours: Rearm = None,
) -> AlertRuleOut:
    """Tell people from now on when something happens to SIMs: usage, silence, another device or country, a state."""
    _whole(actor)
    rule = AlertRule(
        organization_id=actor.organization_id,
        kind=kind or _kind_of(percent, usage, hours),
        severity=severity,
        percent=percent,
        usage_bytes=usage,
        hours=hours,
        statuses=list(status or []),
        reasons=list(reasons or []),
        sim=find_sim(actor, sim) if sim else None,
        customer=find_customer(actor, customer) if customer else None,
        tag=find_tag(actor, tag) if tag else None,
        plan=find_plan(actor, plan) if plan else None,
        rearm_hours=24 if rearm_hours is None else rearm_hours,
    )
    _check(rule)
    rule.name = name or words_of(rule).removeprefix("When ").rstrip(".").capitalize()[:120]
    _must_be_new(rule)
    rule.save()
    touch("alert_rule", [rule.pk])
    out = AlertRuleOut.of(rule)
    return out.model_copy(update={"sentence": f"Rule {rule.pk} is on: {out.sentence}"})


def _kind_of(percent: int | None, usage: int | None, hours: int | None) -> str:
    """What a rule watches that gives only numbers."""
    if percent is None and usage is None and hours is None:
        raise Invalid("Say what the rule watches: usage, a limit, silence, another device or country.", field="kind")
    return "silence" if percent is None and usage is None else "threshold"


def _check(rule: AlertRule) -> None:
    """Refuse values that the kind has no use for, and a rule without what it needs."""
    given = {name for name in WORDS if getattr(rule, name) not in (None, [], "")}
    for name in sorted(given - TAKES.get(rule.kind, set())):
        kind = rule.get_kind_display()
        raise Invalid(f"A rule of the kind {kind} takes no {WORDS[name]}.", field=WORDS[name])
    if rule.percent is not None and rule.usage_bytes is not None:
        raise Invalid("Give percent of the quota or a usage, not both.", field="usage")
    if rule.kind == "silence" and rule.hours is None:
        raise Invalid("Say after how many hours without a connection.", field="hours")


def _must_be_new(rule: AlertRule) -> None:
    if AlertRule.objects.filter(name__iexact=rule.name).exclude(pk=rule.pk).exists():
        raise Conflict(f"There is a rule called {rule.name} already; give another name.")


def _undo_update(actor: Actor, arguments: BaseModel, result: "_Updated") -> Undo | None:
    """A value that was not set before cannot be taken away again by this service."""
    return None if None in result.before.values() else Undo("update_alert_rule", result.before)


class _Updated(AlertRuleOut):
    before: dict[str, Any] = {}


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="alert-rules/{rule}",
    examples=EXAMPLES["update_alert_rule"],
    title="Change alert rule",
    undo=_undo_update,
)
def update_alert_rule(
    actor: Actor,
    *,
    rule: AlertRuleId,
    enabled: Enabled | None = None,
    severity: AlertSeverity | None = None,
    percent: Percent | None = None,
    usage: RuleUsage = None,
    hours: Hours | None = None,
    name: RuleName = None,
    rearm_hours: Rearm = None,
) -> _Updated:
    """Change an alert rule: switch it on or off, its weight, percent, usage, hours or name. The rest stays."""
    _whole(actor)
    found = _find(actor, rule, lock=True)
    wanted: dict[str, Any] = {
        "enabled": enabled,
        "severity": severity,
        "percent": percent,
        "usage_bytes": usage,
        "hours": hours,
    }
    wanted |= {"name": name, "rearm_hours": rearm_hours}
    given = {key: value for key, value in wanted.items() if value is not None}
    if not given:
        raise Invalid("Say what to change: on or off, severity, percent, usage, hours or name.", field="enabled")
    before = {"rule": rule, **{key.removesuffix("_bytes"): getattr(found, key) for key in given}}
    for key, value in given.items():
        setattr(found, key, value)
    _check(found)
    _must_be_new(found)
    found.save()
    end_of_rules(actor.organization_id, found.kind)
    touch("alert_rule", [found.pk])
    out = _Updated(**AlertRuleOut.of(found).model_dump(), before=before)
    state = "on" if found.enabled else "off"
    return out.model_copy(update={"sentence": f"Rule {rule} ({found.name}) is {state}: {out.sentence}"})


class _Deleted(Answer):
    again: dict[str, Any]


def _undo_deletion(actor: Actor, arguments: BaseModel, result: _Deleted) -> Undo:
    return Undo("create_alert_rule", result.again)


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="alert-rules/{rule}/delete",
    examples=EXAMPLES["delete_alert_rule"],
    title="Delete alert rule",
    undo=_undo_deletion,
)
def delete_alert_rule(actor: Actor, *, rule: AlertRuleId) -> _Deleted:
    """Delete an alert rule. Its alerts are resolved and kept."""
    _whole(actor)
    found = _find(actor, rule, lock=True)
    out = AlertRuleOut.of(found)
    again = {
        "kind": found.kind, "name": found.name, "severity": found.severity, "percent": found.percent,
        "usage": found.usage_bytes, "hours": found.hours, "status": as_list(found.statuses) or None,
        "reasons": found.reasons or None, "sim": out.iccid, "customer": out.customer, "tag": out.tag,
        "plan": out.plan, "rearm_hours": found.rearm_hours,
    }  # fmt: skip
    AlertRule.objects.filter(pk=rule).update(enabled=False)
    end_of_rules(actor.organization_id, found.kind, rule_id=rule)
    Alert.objects.filter(rule_id=rule).update(rule=None)
    AlertRule.objects.filter(pk=rule).delete()
    touch("alert_rule", [rule])
    kept = {name: value for name, value in again.items() if value is not None}
    return _Deleted(sentence=f"Rule {rule} ({found.name}) is deleted.", again=kept)
