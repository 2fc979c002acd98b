"""How an organisation wants anomalies: budget of alerts, kinds, limits, automatic suspension in shadow."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field

from analytics.examples import EXAMPLES
from analytics.findings.parameters import AnomalySeverity, Budget, KindName, Suspension
from analytics.findings.rows import outs, visible
from analytics.findings.settings import alerts_a_week, settings_of
from analytics.models import AnomalySettings
from analytics.schemas.anomalies import AnomalySettingsChange, AnomalySettingsOut, ShadowPage, ShadowSuspension
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Denied, Invalid
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Bytes, Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, size
from sims.models import Sim
from sims.parameters import as_list
from sims.usage import local_today

SAME: Final = (
    "alerts_per_10k", "min_severity", "kinds_off", "policy_day_bytes", "policy_day_sessions", "suspension",
    "daily_cap_percent",
)  # fmt: skip
WORDS: Final = {
    "alerts_per_10k": "budget", "min_severity": "least severity", "kinds_off": "kinds without alerts",
    "policy_day_bytes": "limit of bytes a day", "policy_day_sessions": "limit of sessions a day",
    "suspension": "automatic suspension", "daily_cap_percent": "daily cap",
}  # fmt: skip

Kinds = Annotated[
    Annotated[list[KindName], BeforeValidator(as_list)] | None,
    Field(description="Kinds that raise no alerts; an empty list lets all raise them"),
]
DayBytes = Annotated[Bytes | None, Field(description="What no SIM may use in a day; 0 for no limit")]
DaySessions = Annotated[
    Annotated[int, Field(ge=0, le=10_000_000)] | None,
    Field(description="Sessions no SIM may have a day; 0 for no limit"),
]
Cap = Annotated[
    Annotated[float, Field(ge=0, le=100)] | None, Field(description="Percent of a customer's SIMs, at most, in a day")
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="anomaly-settings",
    examples=EXAMPLES["get_anomaly_settings"],
    title="Anomaly settings",
)
def get_anomaly_settings(actor: Actor) -> AnomalySettingsOut:
    """How anomalies are told: the budget of alerts, from which severity on, limits of a day, automatic suspension."""
    return AnomalySettingsOut.model_validate(_fields(actor, settings_of(actor.organization_id)))


def _fields(actor: Actor, wanted: AnomalySettings) -> dict[str, Any]:
    from analytics.findings.alerting import raised_lately

    sims = Sim.objects.for_actor(actor).exclude(status="inventory").count()
    week = alerts_a_week(wanted, sims)
    return {
        **{name: getattr(wanted, name) for name in SAME},
        "sentence": _sentence(wanted, sims, week),
        "sims": sims,
        "alerts_a_week": week,
        "used_this_week": raised_lately(actor.organization_id, actor.customer_ids),
    }


def _sentence(wanted: AnomalySettings, sims: int, week: int) -> str:
    limits = [
        f"{size(wanted.policy_day_bytes)} a day" if wanted.policy_day_bytes else "",
        f"{wanted.policy_day_sessions:,} sessions a day" if wanted.policy_day_sessions else "",
    ]
    told = " and ".join(one for one in limits if one)
    off = (
        f" Without alerts: {', '.join(one.replace('_', ' ') for one in wanted.kinds_off)}." if wanted.kinds_off else ""
    )
    return (
        f"{wanted.alerts_per_10k:g} alerts per 10,000 SIM-days, which is {week:,} a week for {counted(sims, 'SIM')}, "
        f"from severity {wanted.min_severity} on. Policy: {f'at most {told}' if told else 'no limit'}.{off} "
        f"Automatic suspension: {'in shadow, nothing is suspended' if wanted.suspension == 'shadow' else 'off'}."
    )


def _undo(actor: Actor, arguments: BaseModel, result: AnomalySettingsChange) -> Undo:
    return Undo("change_anomaly_settings", result.before)


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="anomaly-settings",
    examples=EXAMPLES["change_anomaly_settings"],
    title="Change anomaly settings",
    undo=_undo,
)
def change_anomaly_settings(
    actor: Actor,
    *,
    alerts_per_10k: Budget | None = None,
    min_severity: AnomalySeverity | None = None,
    kinds_off: Kinds = None,
    policy_day_bytes: DayBytes = None,
    policy_day_sessions: DaySessions = None,
    suspension: Suspension | None = None,
    daily_cap_percent: Cap = None,
) -> AnomalySettingsChange:
    """Change how anomalies are told: the budget of alerts, the least severity, limits of a day, shadow suspension."""
    if actor.customer_ids is not None:
        raise Denied("Your access is limited to some customers, and these settings are for the whole organisation.")
    given = {
        "alerts_per_10k": alerts_per_10k, "min_severity": min_severity, "kinds_off": kinds_off,
        "policy_day_bytes": policy_day_bytes, "policy_day_sessions": policy_day_sessions, "suspension": suspension,
        "daily_cap_percent": daily_cap_percent,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        raise Invalid(f"Say what to change: {', '.join(WORDS.values())}.", field="alerts_per_10k")
    found = settings_of(actor.organization_id, lock=True)
    before = {name: _plain(getattr(found, name), name) for name in given}
    for name, value in given.items():
        setattr(found, name, (value or None) if name.startswith("policy_") else value)
    found.save()
    touch("anomaly_settings", [found.pk])
    changed = ", ".join(WORDS[name] for name in given)
    fields = _fields(actor, found)
    return AnomalySettingsChange.model_validate(
        fields | {"sentence": f"Changed: {changed}. {fields['sentence']}", "before": before}
    )


def _plain(value: Any, name: str) -> Any:
    """As the service takes it back: no limit is 0."""
    return value or 0 if name.startswith("policy_") else value


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="shadow-suspensions",
    examples=EXAMPLES["list_shadow_suspensions"],
    title="Shadow suspensions",
)
def list_shadow_suspensions(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> ShadowPage:
    """List the SIMs that automatic suspension would have stopped: two kinds of evidence, within the cap."""
    wanted = settings_of(actor.organization_id)
    rows = visible(actor).exclude(shadow_day=None)
    found, following = newest_page(rows, cursor, limit)
    shown = outs(found, local_today(actor))
    items = [
        ShadowSuspension(
            day=row.shadow_day, anomaly_id=row.pk, iccid=out.iccid or "", sim_name=out.sim_name,
            customer=out.customer, words=f"{out.title}: {out.words}", status=row.status,
        )
        for row, out in zip(found, shown, strict=True)
        if row.shadow_day
    ]  # fmt: skip
    real, wrong = rows.filter(status="real").count(), rows.filter(status__in=("false", "expected")).count()
    total = rows.count()
    state = "is in shadow mode" if wanted.suspension == "shadow" else "is off"
    told = f"{counted(total, 'SIM')} would have been suspended" if total else "nothing would have been suspended"
    judged = f"; of these {real:,} were real and {wrong:,} were not" if real or wrong else ""
    return ShadowPage(
        sentence=f"Automatic suspension {state}: {told}{judged}.",
        items=items,
        suspension=wanted.suspension,
        confirmed=real,
        refuted=wrong,
        next_cursor=following,
    )
