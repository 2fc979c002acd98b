"""Alerts of the demo: what its usage and its events give, as they stand at the demo's own clock."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from iotsim.core.actor import Actor
from iotsim.core.models import Organization, User
from iotsim.core.tenancy import tenant
from sims.alerts import watch
from sims.alerts.people import tell_of
from sims.alerts.raising import Raised
from sims.demo.contents import Contents
from sims.demo.events import Kind
from sims.models import Alert, AlertRule, Sim
from sims.services.nightly import keep, summarise

RECENT: Final = 14  # days in which somebody would have looked at it otherwise


def seed_alerts(organization: Organization, contents: Contents, people: Sequence[User]) -> None:
    """Raise what the rules say of the fleet as it stands, work on a few, and sum the last night up."""
    now = contents.clock.as_of
    with tenant(organization.pk):
        watch.check_usage(organization.pk, now=now, quietly=True)
        watch.check_silence(organization.pk, now=now, quietly=True)
        _write(organization, [*_other_devices(contents), *_abroad(organization, now)], now)
        _work(organization, people, now)
        critical = Alert.objects.filter(severity="critical", status="open").order_by("-pk")
        tell_of(organization.pk, [Raised(one.pk, one.kind, "critical", one.customer_id, True) for one in critical[:3]])
        actor = Actor.system(organization)
        night = now.astimezone(contents.clock.zone).date()
        keep(organization.pk, summarise(actor, night, job_id=None, stopped=0, now=now))


Found = tuple[str, str, datetime, dict[str, Any]]  # rule's key, ICCID, when, facts


def _other_devices(contents: Contents) -> Iterator[Found]:
    """Thefts and swaps of the last days: the SIM was seen in a device of another model."""
    fleet, devices = contents.fleet, contents.devices
    recent = fleet.events["start"] >= fleet.days - RECENT
    for event in fleet.events[
        recent & ((fleet.events["kind"] == Kind.THEFT) | (fleet.events["kind"] == Kind.IMEI_SWAP))
    ]:
        sim, day = int(event["sim"]), int(event["start"])
        moved = next((imei for since, _, imei in devices.moves.get(sim, ()) if since == day), None)
        at = contents.clock.at(day, 10 * 3600 + sim % 7200)
        if moved is not None and at <= contents.clock.as_of:
            facts = {"before": str(devices.first[sim]), "after": moved}
            yield "imei_change", str(contents.iccid[sim]), at, facts


_ABROAD: Final = """
SELECT s.iccid, s.country, o.country, min(r.started_at) FROM sims_usagerecord r
JOIN sims_sim s ON s.id = r.sim_id JOIN sims_operator o ON o.id = r.operator_id
WHERE r.organization_id = %s AND o.country <> s.country
GROUP BY s.iccid, s.country, o.country HAVING count(*) >= 3
ORDER BY sum(r.bytes_up + r.bytes_down) DESC LIMIT 4
"""


def _abroad(organization: Organization, now: datetime) -> list[Found]:
    """The heaviest users abroad in the days that have records."""
    with connection.cursor() as cursor:
        cursor.execute(_ABROAD, [organization.pk])
        rows = cursor.fetchall()
    return [("new_country", iccid, at, {"before": home, "after": away}) for iccid, home, away, at in rows if at <= now]


def _write(organization: Organization, found: Sequence[Found], now: datetime) -> None:
    rules = {one.default_key: one for one in AlertRule.objects.exclude(default_key="")}
    sims = {one.iccid: one for one in Sim.objects.filter(iccid__in=[iccid for _, iccid, _, _ in found])}
    Alert.objects.bulk_create(
        Alert(
            organization=organization,
            kind=rules[key].kind,
            severity=rules[key].severity,
            condition=_condition(key, rules[key], sims[iccid], facts),
            rule=rules[key],
            sim=sims[iccid],
            customer_id=sims[iccid].customer_id,
            facts=facts,
            first_at=at,
            last_at=at,
            ended_at=at,
        )
        for key, iccid, at, facts in found
        if key in rules
    )


def _work(organization: Organization, people: Sequence[User], now: datetime) -> None:
    """What the demo's people have done already: one alert seen to, one put aside, one closed."""
    who = people[0]
    newest = list(Alert.objects.filter(severity="warning").order_by("-pk")[:3])
    hour = timedelta(hours=1)
    acts: list[tuple[str, dict[str, Any]]] = [
        ("Acknowledged.", {"status": "acknowledged", "assignee_id": who.pk, "assignee": who.email}),
        ("Snoozed for two days.", {"status": "snoozed", "snoozed_until": now + 48 * hour}),
        ("Resolved: the customer moved the device.", {"status": "resolved", "resolved_at": now - hour}),
    ]
    for alert, (what, fields) in zip(newest, acts, strict=False):
        history = [{"at": (now - hour).isoformat(), "who": who.email, "what": what}]
        Alert.objects.filter(pk=alert.pk).update(**fields, history=history)


def _condition(key: str, rule: AlertRule, sim: Sim, facts: dict[str, Any]) -> str:
    """As sims.alerts.watch names it, so that the same seen again raises its count."""
    condition = f"{key}:{rule.pk}:sim:{sim.pk}"
    return f"{condition}:{facts['after']}" if key == "new_country" else condition
