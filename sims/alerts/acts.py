"""What people may see and do of alerts: the rows of an actor, changes with their history, and the way back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.models import Membership
from iotsim.core.notifications import notify
from sims.alerts.words import sentence_of
from sims.models import Alert
from sims.naming import find_customer, find_sim
from sims.schemas.alerts import AlertBefore, AlertChange

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_STEPS: Final = 50
LINKED: Final = ("sim", "customer", "pool_plan", "intake", "rule")


def visible(actor: Actor) -> "QuerySet[Alert]":
    """The alerts the actor may see; whoever is limited to some customers sees those of their SIMs and pools."""
    rows = Alert.objects.filter(organization_id=actor.organization_id)
    if actor.customer_ids is None:
        return rows
    of_sims = Q(sim__isnull=False, sim__customer_id__in=actor.customer_ids)
    return rows.filter(of_sims | Q(sim__isnull=True, customer_id__in=actor.customer_ids))


def find_alert(actor: Actor, number: int, *, lock: bool = False) -> Alert:
    rows = visible(actor).select_related(*LINKED)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no alert {number}.", field="alert")
    return found


def open_now(now: datetime) -> Q:
    """Open, or snoozed until a time that is over."""
    return Q(status="open") | Q(status="snoozed", snoozed_until__lte=now)


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts: every part that is given must hold; without a status, all that are not resolved."""

    severity: str | None = None
    status: str | None = None
    kind: str | None = None
    sim: str | None = None
    customer: str | None = None
    assignee: str | None = None

    def rows(self, actor: Actor) -> "QuerySet[Alert]":
        """Those that fit, whatever their severity. Raises NotFound for a SIM or customer that does not exist."""
        rows = self._of_status(visible(actor))
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.sim:
            rows = rows.filter(sim=find_sim(actor, self.sim))
        if self.customer:
            found = find_customer(actor, self.customer)
            rows = rows.filter(Q(customer=found) | Q(sim__customer=found))
        if self.assignee:
            user_id = None if self.assignee == "nobody" else find_member(actor, self.assignee).user_id
            rows = rows.filter(assignee_id=user_id)
        return rows

    def _of_status(self, rows: "QuerySet[Alert]") -> "QuerySet[Alert]":
        now = timezone.now()
        if self.status == "open":
            return rows.filter(open_now(now))
        if self.status == "snoozed":
            return rows.filter(status="snoozed", snoozed_until__gt=now)
        if self.status in ("acknowledged", "resolved"):
            return rows.filter(status=self.status)
        return rows if self.status == "all" else rows.filter(status__in=("open", "acknowledged", "snoozed"))

    def words(self) -> str:
        parts = [
            self.severity or "",
            "" if self.status in (None, "all") else self.status,
            (self.kind or "").replace("_", " "),
            f"of SIM {self.sim}" if self.sim else "",
            f"of {self.customer}" if self.customer else "",
            f"assigned to {self.assignee}" if self.assignee else "",
        ]
        return ", ".join(part for part in parts if part)


def find_member(actor: Actor, name: str) -> Membership:
    """A member by e-mail or the part before the @; "me". Raises NotFound with nobody's address in it."""
    rows = Membership.objects.filter(organization_id=actor.organization_id, user__is_active=True).select_related("user")
    if name.lower() in ("me", "myself"):
        found = list(rows.filter(user_id=actor.user_id or 0))
    else:
        found = list(rows.filter(user__email__iexact=name)) or list(rows.filter(user__email__istartswith=f"{name}@"))
    if len(found) != 1:
        raise NotFound(f"{name} is not a member of this organisation: give an e-mail address.", field="person")
    return found[0]


def change(
    actor: Actor, alerts: Sequence[Alert], what: str, to: Callable[[Alert], dict[str, Any]]
) -> list[AlertBefore]:
    """Give each locked alert its new fields, note it in its history, and answer how it stood before."""
    before = []
    for alert in alerts:
        fields = to(alert)
        history = [*alert.history, {"at": timezone.now().isoformat(), "who": actor.name, "what": what}][-MOST_STEPS:]
        kept = ("status", "snoozed_until", "assignee_id", "assignee")
        before.append(
            AlertBefore(id=alert.pk, version=alert.version + 1, **{name: getattr(alert, name) for name in kept})
        )
        for name, value in {**fields, "history": history, "version": alert.version + 1}.items():
            setattr(alert, name, value)
    Alert.objects.bulk_update(
        alerts,
        ["status", "snoozed_until", "assignee_id", "assignee", "resolved_at", "history", "version"],
        batch_size=500,
    )
    touch("alert", [alert.pk for alert in alerts])
    return before


def one(actor: Actor, number: int, what: str, *, said: str, **fields: Any) -> AlertChange:
    """Change one alert that is not resolved. `said` completes "Alert 12 "."""
    alert = find_alert(actor, number, lock=True)
    must_be_unresolved(alert)
    before = change(actor, [alert], what, lambda _: fields)
    return AlertChange(sentence=f"Alert {number} {said}: {sentence_of(alert)}", changed=1, before=before)


def must_be_unresolved(alert: Alert) -> None:
    if alert.status == "resolved":
        raise Conflict(f"Alert {alert.pk} is resolved already.")


def acknowledged() -> dict[str, Any]:
    return {"status": "acknowledged", "snoozed_until": None}


def resolved() -> dict[str, Any]:
    return {"status": "resolved", "snoozed_until": None, "resolved_at": timezone.now()}


def assign(actor: Actor, number: int, person: str) -> AlertChange:
    """Give an alert to a member, who is told; "nobody" takes it away."""
    if person.lower() in ("nobody", "no one", "none"):
        return one(actor, number, "Assigned to nobody.", said="is nobody's now", assignee_id=None, assignee="")
    member = find_member(actor, person)
    alert = find_alert(actor, number)
    theirs = alert.sim.customer_id if alert.sim else alert.customer_id
    if member.customer_ids is not None and theirs not in member.customer_ids:
        raise Denied(f"{member.user.email} may not see alert {number}: their access is limited to other customers.")
    email = member.user.email
    done = one(
        actor, number, f"Assigned to {email}.", said=f"is {email}'s now", assignee_id=member.user_id, assignee=email
    )
    if member.user_id != actor.user_id:
        sentence = f"{actor.name} gave you alert {number}: {sentence_of(alert)}"
        path = f"/alerts/{number}/"
        notify(actor, user_ids=[member.user_id], kind="alert", sentence=sentence, path=path, object_id=number)
    return done


def restore(actor: Actor, states: Sequence[AlertBefore]) -> AlertChange:
    """Bring alerts back to how they stood, unless somebody has changed them since."""
    wanted = {state.id: state for state in states}
    rows = visible(actor).select_related(*LINKED).select_for_update(of=("self",))
    found = list(rows.filter(pk__in=list(wanted)).order_by("pk"))
    if not found or len(found) != len(wanted):
        raise NotFound("There is no such change of yours.", field="alerts")
    if any(alert.version != wanted[alert.pk].version for alert in found):
        raise Conflict("Somebody changed the alert since, so this cannot be undone any more.")
    _must_be_free(found, wanted)

    def back(alert: Alert) -> dict[str, Any]:
        state = wanted[alert.pk]
        resolved_at = alert.resolved_at if state.status == "resolved" else None
        return {**state.model_dump(exclude={"id", "version"}), "resolved_at": resolved_at}

    before = change(actor, found, "Undone.", back)
    count = f"Alert {found[0].pk} is" if len(found) == 1 else f"{len(found):,} alerts are"
    return AlertChange(sentence=f"{count} as before.", changed=len(found), before=before)


def _must_be_free(found: Sequence[Alert], wanted: dict[int, AlertBefore]) -> None:
    """A condition that came up again has an alert of its own by now."""
    opening = [one.condition for one in found if one.status == "resolved" and wanted[one.pk].status != "resolved"]
    known = Alert.objects.filter(condition__in=[one for one in opening if one]).exclude(status="resolved")
    newer = known.values_list("pk", flat=True).first()
    if newer is not None:
        raise Conflict(f"It came up again meanwhile, as alert {newer}.")


def hours_until(hours: int | None, until: datetime | None) -> datetime:
    """When a snooze is over. Raises Invalid without a time, or for one that is past."""
    now = timezone.now()
    if hours is not None:
        return now + timedelta(hours=hours)
    if until is None:
        raise Invalid("Say for how long, such as 3 days.", field="hours")
    if until <= now:
        raise Invalid("That time is past already; give a later day.", field="until")
    return until
