"""Alerts, rules, pools and nights, as services show them. Sizes in bytes, times in UTC."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer
from sims.alerts.words import sentence_of
from sims.models import Alert, AlertKind, AlertRule
from sims.schemas.pools import PoolOut


class AlertStep(BaseModel):
    at: datetime
    who: str
    what: str


class AlertOut(Answer):
    """One condition. `sentence` says what is the matter; a snoozed alert whose time is over counts as open."""

    id: int
    title: str = Field(description="The sentence without its full stop")
    kind: str
    kind_title: str
    severity: str = Field(description="info, warning or critical")
    status: str = Field(description="open, acknowledged, snoozed or resolved")
    iccid: str | None = None
    sim_name: str = ""
    customer: str | None = None
    pool: str | None = Field(default=None, description="The pooled plan, of an alert about a pool")
    intake_id: int | None = None
    rule_id: int | None = None
    rule: str | None = None
    facts: dict[str, Any]
    first_at: datetime
    last_at: datetime
    count: int = Field(description="How often it was seen while it was not resolved")
    ended_at: datetime | None = Field(description="When the condition was over")
    assignee: str = ""
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def subject(self) -> str:
        """What it is about, in few words."""
        return self.sim_name or self.pool or str(self.facts.get("name", ""))

    @classmethod
    def of(cls, alert: Alert, *, now: datetime) -> "AlertOut":
        return cls.model_validate(alert_fields(alert, now))


class AlertDetails(AlertOut):
    history: list[AlertStep] = Field(description="What was done with it, the newest last")


def alert_fields(alert: Alert, now: datetime) -> dict[str, Any]:
    woken = alert.status == "snoozed" and alert.snoozed_until is not None and alert.snoozed_until <= now
    sentence = sentence_of(alert)
    same = ("id", "kind", "severity", "facts", "first_at", "last_at", "count", "ended_at", "assignee", "resolved_at")
    return {
        **{name: getattr(alert, name) for name in same},
        "sentence": sentence,
        "title": sentence.rstrip("."),
        "kind_title": AlertKind(alert.kind).label,
        "status": "open" if woken else alert.status,
        "snoozed_until": None if woken else alert.snoozed_until,
        "iccid": alert.sim.iccid if alert.sim else None,
        "sim_name": alert.sim.short_name if alert.sim else "",
        "customer": alert.customer.name if alert.customer else None,
        "pool": alert.pool_plan.name if alert.pool_plan else None,
        "intake_id": alert.intake.pk if alert.intake else None,
        "rule_id": alert.rule.pk if alert.rule else None,
        "rule": alert.rule.name if alert.rule else None,
    }


class AlertPage(Answer):
    """Alerts, critical ones first, the newest of each first. The counts are of all that fit but for severity."""

    items: list[AlertOut]
    total: int = Field(description="All that fit, severity included")
    critical: int
    warning: int
    info: int
    next_cursor: str | None = None

    @property
    def of_any_weight(self) -> int:
        return self.critical + self.warning + self.info


class AlertBefore(BaseModel):
    """How an alert stood before a change, for Undo."""

    id: int
    status: str
    snoozed_until: datetime | None = None
    assignee_id: int | None = None
    assignee: str = ""
    version: int = Field(description="Its version after the change: it is only taken back while it still has it")


class AlertChange(Answer):
    changed: int
    skipped: int = 0
    before: list[AlertBefore]


class AlertRuleOut(Answer):
    id: int
    name: str
    kind: str
    kind_title: str
    severity: str
    enabled: bool
    percent: int | None = None
    usage_bytes: int | None = None
    hours: int | None = None
    statuses: list[str] = []
    reasons: list[str] = []
    customer: str | None = None
    tag: str | None = None
    plan: str | None = None
    iccid: str | None = None
    sim_name: str = ""
    rearm_hours: int
    open_alerts: int = Field(default=0, description="Its alerts that are not resolved")

    @classmethod
    def of(cls, rule: AlertRule, *, open_alerts: int = 0) -> "AlertRuleOut":
        same = ("id", "name", "kind", "severity", "enabled", "percent", "usage_bytes", "hours", "statuses", "reasons")
        return cls(
            **{name: getattr(rule, name) for name in same},
            rearm_hours=rule.rearm_hours,
            sentence=rule_sentence(rule),
            kind_title=AlertKind(rule.kind).label,
            customer=rule.customer.name if rule.customer else None,
            tag=rule.tag.name if rule.tag else None,
            plan=rule.plan.name if rule.plan else None,
            iccid=rule.sim.iccid if rule.sim else None,
            sim_name=rule.sim.short_name if rule.sim else "",
            open_alerts=open_alerts,
        )


def rule_sentence(rule: AlertRule) -> str:
    from sims.alerts.rules import words_of

    return words_of(rule)


class AlertRulePage(Answer):
    items: list[AlertRuleOut]


class PoolPage(Answer):
    items: list[PoolOut]


class LimitsChange(Answer):
    """Threshold and limit of a plan or SIM, before and after."""

    plan: str | None = None
    iccid: str | None = None
    threshold_before: int | None
    threshold_after: int | None
    action_before: str
    action_after: str


class StoppedSims(Answer):
    stopped: int
    batch: str = ""


class NightlySummary(Answer):
    """What one night's look at the whole fleet found. Usage is of the day before, in the organisation's zone."""

    night: date
    state: str = Field(description="waiting, done or failed")
    new_alerts: int = 0
    new_critical: int = 0
    open_alerts: int = 0
    over_threshold: int = Field(default=0, description="SIMs at their threshold or above it, not over their quota")
    over_quota: int = 0
    pools_over_threshold: int = 0
    stopped: int = Field(default=0, description="SIMs suspended at their limit by this check")
    usage_bytes: int = Field(default=0, description="Of the day before")
    usual_bytes: int | None = Field(default=None, description="Of the same weekday, the mean of four weeks before")
    usage_change: float | None = Field(default=None, description="Relative to the usual day: 0.12 is 12 % more")
    failed_imports: int = 0
    job_id: int | None = None
    finished_at: datetime | None = None


class NightlyPage(Answer):
    items: list[NightlySummary]
    next_cursor: str | None = None
