"""What people say of anomalies: marks with their history, what they mean for the nights to come, and the way back."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.utils import timezone

from analytics.findings.rows import find_anomaly, sentence_of
from analytics.models import Anomaly, AnomalyFeedback
from analytics.models.anomalies import MARKS
from analytics.schemas.anomalies import AnomalyBefore, AnomalyChange
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.wording import counted
from sims.alerts import acts
from sims.alerts.acts import resolved
from sims.models import Alert, Sim
from sims.schemas.alerts import AlertBefore

EXPECTED_DAYS: Final = 30  # without a day
LONGEST_DAYS: Final = 366
MOST_STEPS: Final = 50
SAID: Final = {
    "real": "Marked as real",
    "false": "Marked as a false alarm",
    "expected": "Marked as expected",
    "open": "The mark was taken away",
}


def expected_until(mark: str, until: date | None, today: date) -> date | None:
    """Until when it is expected: a month without a day. Raises Invalid for a day past, or with another mark."""
    if mark != "expected":
        if until is not None:
            raise Invalid("Only what is expected has a day until when; leave until out.", field="until")
        return None
    if until is None:
        return today + timedelta(days=EXPECTED_DAYS)
    if until < today:
        raise Invalid(f"{until:%-d %b %Y} is past already; give a later day.", field="until")
    if until > today + timedelta(days=LONGEST_DAYS):
        raise Invalid("Give a day within the next year: what is usual by then is learned.", field="until")
    return until


def mark_all(actor: Actor, rows: Sequence[Anomaly], mark: str, until: date | None, note: str) -> AnomalyChange:
    """Mark locked anomalies; alerts of what is no matter are resolved."""
    before = [_mark(actor, row, mark, until, note) for row in rows]
    Anomaly.objects.bulk_update(
        rows, ["status", "expected_until", "marked_by", "marked_at", "note", "history", "version"], batch_size=500
    )
    touch("anomaly", [row.pk for row in rows])
    touch("sim", [row.sim_id for row in rows if row.sim_id])
    return AnomalyChange(sentence=_sentence(rows, mark, until), changed=len(rows), before=before)


def _mark(actor: Actor, row: Anomaly, mark: str, until: date | None, note: str) -> AnomalyBefore:
    kept = ("status", "expected_until", "marked_by", "marked_at", "note")
    said = AnomalyFeedback.objects.filter(sim_id=row.sim_id or 0, kind=row.kind).first()
    before = AnomalyBefore(
        id=row.pk,
        version=row.version + 1,
        **{name: getattr(row, name) for name in kept},
        bound=said.bound if said else 0,
        feedback_until=said.expected_until if said else None,
        alert=_settle_alert(actor, row, mark),
    )
    _learn(actor, row, said, mark, until)
    days = f" until {until:%-d %b %Y}" if until else ""
    told = f"{SAID[mark]}{days}{f': {note.rstrip(chr(46))}' if note else ''}."
    is_open = mark == "open"
    values: dict[str, Any] = {
        "status": mark, "expected_until": until, "marked_by": "" if is_open else actor.name, "note": note,
        "marked_at": None if is_open else timezone.now(), "version": row.version + 1,
        "history": [*row.history, {"at": timezone.now().isoformat(), "who": actor.name, "what": told}][-MOST_STEPS:],
    }  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    return before


def _settle_alert(actor: Actor, row: Anomaly, mark: str) -> AlertBefore | None:
    """Nobody needs an alert of what is false or expected."""
    if mark not in ("false", "expected") or row.alert_id is None:
        return None
    alerts = acts.visible(actor).select_related(*acts.LINKED).select_for_update(of=("self",))
    found = list(alerts.filter(pk=row.alert_id).exclude(status="resolved"))
    if not found:
        return None
    return acts.change(actor, found, f"Resolved: {MARKS[mark]}.", lambda _: resolved())[0]


def _learn(actor: Actor, row: Anomaly, said: AnomalyFeedback | None, mark: str, until: date | None) -> None:
    """For the nights to come: a false alarm raises the bar half-way to the worst score, a real one lowers it again."""
    if row.sim_id is None:
        return
    one = said or AnomalyFeedback(organization_id=actor.organization_id, sim_id=row.sim_id, kind=row.kind)
    if mark == "false":
        one.bound = min(one.bound, (row.score - 1) / 2)
    elif mark == "real":
        one.bound = 0
    one.expected_until = until if mark == "expected" else None
    one.save()


def _sentence(rows: Sequence[Anomaly], mark: str, until: date | None) -> str:
    days = f" until {until:%-d %b %Y}" if until else ""
    follows = {
        "false": "Such a thing of that SIM is told again only when it is stronger.",
        "expected": "Until then such a thing of that SIM raises no alert.",
    }.get(mark, "")
    if len(rows) > 1:
        told = f"{counted(len(rows), 'anomaly', 'anomalies')} marked as {MARKS[mark]}{days}."
    else:
        sim = Sim.objects.filter(pk=rows[0].sim_id or 0).first()
        told = f"Anomaly {rows[0].pk} is marked as {MARKS[mark]}{days}: {sentence_of(rows[0], sim)}"
    return f"{told} {follows}".strip()


def restore(actor: Actor, states: Sequence[AnomalyBefore]) -> AnomalyChange:
    """Bring anomalies back to how they stood, unless somebody has marked them anew since."""
    before, rows = [], []
    for state in states:
        row = find_anomaly(actor, state.id, lock=True)
        if row.version != state.version:
            raise Conflict("Somebody marked the anomaly anew since, so this cannot be undone any more.")
        before.append(_restore(actor, row, state))
        rows.append(row)
    if not rows:
        raise NotFound("There is no such change of yours.", field="anomalies")
    touch("anomaly", [row.pk for row in rows])
    count = f"Anomaly {rows[0].pk} is" if len(rows) == 1 else f"{len(rows):,} anomalies are"
    return AnomalyChange(sentence=f"{count} as before.", changed=len(rows), before=before)


def _restore(actor: Actor, row: Anomaly, state: AnomalyBefore) -> AnomalyBefore:
    kept = ("status", "expected_until", "marked_by", "marked_at", "note")
    was = {name: getattr(row, name) for name in kept}
    for name in kept:
        setattr(row, name, getattr(state, name))
    row.version += 1
    row.history = [*row.history, {"at": timezone.now().isoformat(), "who": actor.name, "what": "Undone."}][-MOST_STEPS:]
    row.save(update_fields=[*kept, "version", "history"])
    said = AnomalyFeedback.objects.filter(sim_id=row.sim_id or 0, kind=row.kind).first()
    before = AnomalyBefore(
        id=row.pk, version=row.version, **was, bound=said.bound if said else 0,
        feedback_until=said.expected_until if said else None,
    )  # fmt: skip
    if said is not None:
        said.bound, said.expected_until = state.bound, state.feedback_until
        said.save()
    if state.alert is not None and Alert.objects.filter(pk=state.alert.id, version=state.alert.version).exists():
        acts.restore(actor, [state.alert])
    return before
