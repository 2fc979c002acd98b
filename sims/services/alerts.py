"""Alerts: what needs somebody, and what people do with it."""

from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Final, Literal
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.parameters import Reason as WhyInWords
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.said import numbers_slot
from iotsim.core.wording import counted
from sims.alerts import acts
from sims.alerts.acts import AlertFilter, acknowledged, find_alert, resolved
from sims.alerts.parameters import (
    BULK_ACT,
    AlertId,
    AlertKindName,
    AlertSeverity,
    AlertState,
    AlertText,
    Hours,
    Person,
    UntilDay,
)
from sims.alerts.people import tell_of
from sims.alerts.raising import Raised
from sims.alerts.words import sentence_of, subject_of
from sims.examples import EXAMPLES
from sims.models import Alert, AlertKind
from sims.naming import find_sim
from sims.parameters import CustomerName, SimRef, as_list
from sims.schemas.alerts import AlertBefore, AlertChange, AlertDetails, AlertOut, AlertPage, alert_fields

if TYPE_CHECKING:
    from django.db.models import QuerySet

SEVERITIES: Final = ("critical", "warning", "info")
MOST_AT_ONCE: Final = 1_000

Note = Annotated[WhyInWords | None, Field(description="What was found or done, for the history", max_length=300)]


@service(permission=Permission.VIEW, risk=Risk.READ, path="alerts", examples=EXAMPLES["list_alerts"], title="Alerts")
def list_alerts(
    actor: Actor,
    *,
    severity: AlertSeverity | None = None,
    status: AlertState | None = None,
    kind: AlertKindName | None = None,
    sim: SimRef | None = None,
    customer: CustomerName | None = None,
    assignee: Person | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AlertPage:
    """List alerts, critical ones first: all that are not resolved, or those of a status, severity, SIM, customer."""
    wanted = AlertFilter(severity, status, kind, sim, customer, assignee)
    rows = wanted.rows(actor)
    counts = dict(rows.order_by().values_list("severity").annotate(Count("pk")))
    found, following = _page(rows.select_related(*acts.LINKED), severity, cursor, limit)
    now = timezone.now()
    items = [AlertOut.of(one, now=now) for one in found]
    return AlertPage(
        sentence=_list_sentence(wanted, counts),
        items=items,
        next_cursor=following,
        total=_fitting(wanted, counts),
        **{name: counts.get(name, 0) for name in SEVERITIES},
    )


def _page(
    rows: "QuerySet[Alert]", severity: str | None, cursor: str | None, limit: int
) -> tuple[list[Alert], str | None]:
    """Severity by severity, the newest of each first: three ranges of one index. The cursor is "warning:1234"."""
    at, last = _read(cursor)
    wanted = [one for one in SEVERITIES if severity in (None, one)]
    found: list[Alert] = []
    for name in wanted[wanted.index(at) if at in wanted else 0 :]:
        mine = rows.filter(severity=name)
        if last and name == at:
            mine = mine.filter(pk__lt=last)
        found += mine.order_by("-pk")[: limit + 1 - len(found)]
        if len(found) > limit:
            end = found[limit - 1]
            return found[:limit], f"{end.severity}:{end.pk}"
    return found, None


def _read(cursor: str | None) -> tuple[str, int]:
    name, _, number = (cursor or ":0").partition(":")
    if (cursor and name not in SEVERITIES) or not number.isdecimal() or len(number) > 18:
        raise Invalid("The cursor is not one of this list; start without it.", field="cursor")
    return name, int(number)


def _fitting(wanted: AlertFilter, counts: dict[str, int]) -> int:
    return sum(counts.values()) if wanted.severity is None else counts.get(wanted.severity, 0)


def _list_sentence(wanted: AlertFilter, counts: dict[str, int]) -> str:
    total = _fitting(wanted, counts)
    words = wanted.words()
    if not total:
        return f"No alerts ({words})." if words else "No alerts: nothing needs anybody."
    critical = f", {counts['critical']:,} of them critical" if counts.get("critical") and not wanted.severity else ""
    return f"{counted(total, 'alert')}{f' ({words})' if words else ''}{critical}."


@service(
    permission=Permission.VIEW, risk=Risk.READ, path="alerts/{alert}", examples=EXAMPLES["get_alert"], title="Alert"
)
def get_alert(actor: Actor, *, alert: AlertId) -> AlertDetails:
    """Show one alert: what is the matter, since when, how often, and what was done with it."""
    found = find_alert(actor, alert)
    return AlertDetails.model_validate(alert_fields(found, timezone.now()) | {"history": found.history})


def _undo(actor: Actor, arguments: BaseModel, result: AlertChange) -> Undo:
    return Undo("restore_alerts", {"alerts": [one.model_dump(mode="json") for one in result.before]})


def _undo_creation(actor: Actor, arguments: BaseModel, result: AlertDetails) -> Undo:
    return Undo("resolve_alert", {"alert": result.id, "note": "Taken back."})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="alerts",
    examples=EXAMPLES["create_alert"],
    title="Create alert",
    undo=_undo_creation,
)
def create_alert(
    actor: Actor, *, text: AlertText, severity: AlertSeverity = "warning", sim: SimRef | None = None
) -> AlertDetails:
    """Raise an alert by hand, about a SIM or about anything; somebody must resolve it."""
    found = find_sim(actor, sim) if sim else None
    if found is None and actor.customer_ids is not None:
        raise Invalid("Your access is limited to some customers: name a SIM of theirs.", field="sim")
    now = timezone.now()
    made = Alert.objects.create(
        organization_id=actor.organization_id,
        kind=AlertKind.MANUAL.value,
        severity=severity,
        text=text,
        sim=found,
        customer_id=found.customer_id if found else None,
        first_at=now,
        last_at=now,
        history=[{"at": now.isoformat(), "who": actor.name, "what": "Raised by hand."}],
    )
    touch("alert", [made.pk])
    tell_of(actor.organization_id, [Raised(made.pk, made.kind, severity, made.customer_id, True)])
    about = f" about {subject_of(made)}" if found else ""
    details = AlertDetails.model_validate(alert_fields(made, now) | {"history": made.history})
    return details.model_copy(update={"sentence": f"Alert {made.pk}{about} was raised: {text}"})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="alerts/{alert}/acknowledge",
    examples=EXAMPLES["acknowledge_alert"],
    title="Acknowledge alert",
    undo=_undo,
)
def acknowledge_alert(actor: Actor, *, alert: AlertId) -> AlertChange:
    """Say that somebody has seen an alert and sees to it. It stays until it is over or resolved."""
    if find_alert(actor, alert).status == "acknowledged":
        raise Conflict(f"Alert {alert} is acknowledged already.")
    return acts.one(actor, alert, "Acknowledged.", said="is acknowledged", **acknowledged())


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="alerts/{alert}/assign",
    examples=EXAMPLES["assign_alert"],
    title="Assign alert",
    undo=_undo,
)
def assign_alert(actor: Actor, *, alert: AlertId, person: Person) -> AlertChange:
    """Give an alert to a member, by e-mail address or "me"; they are told. "nobody" takes it away."""
    return acts.assign(actor, alert, person)


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="alerts/{alert}/snooze",
    examples=EXAMPLES["snooze_alert"],
    title="Snooze alert",
    undo=_undo,
)
def snooze_alert(
    actor: Actor, *, alert: AlertId, hours: Hours | None = None, until: UntilDay | None = None
) -> AlertChange:
    """Put an alert aside for some hours or days, or until the beginning of a day; then it is open again."""
    zone = ZoneInfo(actor.time_zone)
    end = acts.hours_until(hours, datetime.combine(until, time.min, zone) if until else None)
    words = f"until {end.astimezone(zone):%d %b %Y, %H:%M}"
    said = f"is snoozed {words}"
    return acts.one(actor, alert, f"Snoozed {words}.", said=said, status="snoozed", snoozed_until=end)


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="alerts/{alert}/resolve",
    examples=EXAMPLES["resolve_alert"],
    title="Resolve alert",
    undo=_undo,
)
def resolve_alert(actor: Actor, *, alert: AlertId, note: Note = None) -> AlertChange:
    """Close an alert. While its condition lasts it is not raised again; once it is over, it may be."""
    return acts.one(actor, alert, _resolved_words(note), said="is resolved", **resolved())


def _resolved_words(note: str | None) -> str:
    return f"Resolved: {note.rstrip('.')}." if note else "Resolved."


BulkAct = Annotated[Literal["acknowledge", "resolve"], Field(description="acknowledge or resolve"), BULK_ACT]
AlertIds = Annotated[
    Annotated[list[int], BeforeValidator(as_list), Field(max_length=MOST_AT_ONCE)] | None,
    Field(description="Numbers of the alerts; without them, all that fit the filter"),
    numbers_slot("alerts", r"alerts?|alarms?|warnings?"),
]


class _Bulk(AlertFilter):
    def chosen(self, actor: Actor, action: str, alerts: list[int] | None, *, lock: bool = False) -> list[Alert]:
        """The alerts meant that the act would change. Raises Invalid when there are too many."""
        rows = acts.visible(actor).filter(pk__in=alerts) if alerts else self.rows(actor)
        if not alerts and self.severity:
            rows = rows.filter(severity=self.severity)
        left = ("resolved",) if action == "resolve" else ("resolved", "acknowledged")
        rows = rows.exclude(status__in=left).select_related(*acts.LINKED).order_by("pk")
        found = list((rows.select_for_update(of=("self",)) if lock else rows)[: MOST_AT_ONCE + 1])
        if len(found) > MOST_AT_ONCE:
            raise Invalid(f"More than {MOST_AT_ONCE:,} alerts fit; narrow the filter.", field="alerts")
        if not found:
            raise NotFound(f"There is nothing to {action} among these alerts.", field="alerts")
        return found


def propose_bulk(
    actor: Actor,
    *,
    action: str,
    alerts: list[int] | None,
    note: str | None,
    severity: str | None,
    status: str | None,
    kind: str | None,
    customer: str | None,
    assignee: str | None,
) -> Proposal:
    wanted = _Bulk(severity, status, kind, None, customer, assignee)
    found = wanted.chosen(actor, action, alerts)
    after = "resolved" if action == "resolve" else "acknowledged"
    return Proposal(
        summary=f"{action.capitalize()} {counted(len(found), 'alert')}",
        count=len(found),
        noun="alert",
        changes=[
            Change(label=sentence_of(one), field="", before=one.status, after=after, link=f"/alerts/{one.pk}/")
            for one in found[:FIRST_ROWS]
        ],
        digest=digest_of([action, [[one.pk, one.status] for one in found]]),
    )


def _bulk_risk(actor: Actor, arguments: BaseModel) -> Risk:
    """One alert named is a plain change; many, or a filter, is bulk."""
    alerts = getattr(arguments, "alerts", None)
    return Risk.WRITE if alerts and len(alerts) == 1 else Risk.DANGER


@service(
    permission=Permission.OPERATE,
    risk=_bulk_risk,
    path="alerts/bulk",
    examples=EXAMPLES["change_alerts_in_bulk"],
    title="Change many alerts",
    proposal=propose_bulk,
    undo=_undo,
)
def change_alerts_in_bulk(
    actor: Actor,
    *,
    action: BulkAct,
    alerts: AlertIds = None,
    note: Note = None,
    severity: AlertSeverity | None = None,
    status: AlertState | None = None,
    kind: AlertKindName | None = None,
    customer: CustomerName | None = None,
    assignee: Person | None = None,
) -> AlertChange:
    """Acknowledge or resolve many alerts: those named, or all that fit a filter."""
    wanted = _Bulk(severity, status, kind, None, customer, assignee)
    found = wanted.chosen(actor, action, alerts, lock=True)
    to, words = (resolved, _resolved_words(note)) if action == "resolve" else (acknowledged, "Acknowledged.")
    before = acts.change(actor, found, words, lambda _: to())
    done = "resolved" if action == "resolve" else "acknowledged"
    return AlertChange(sentence=f"{counted(len(found), 'alert')} {done}.", changed=len(found), before=before)


@service(permission=Permission.OPERATE, risk=Risk.WRITE, path="alerts/restore", examples=(), title="Restore alerts")
def restore_alerts(
    actor: Actor, *, alerts: Annotated[list[AlertBefore], Field(description="How they stood", max_length=MOST_AT_ONCE)]
) -> AlertChange:
    """Bring alerts back to how they stood before a change, unless somebody has changed them since."""
    return acts.restore(actor, alerts)
