"""Looking at the fleet: lists, one SIM, the whole."""

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce

from iotsim.core.actor import Actor
from iotsim.core.models import Organization
from iotsim.core.offers import Offer
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Bytes, Country, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, kept_apart, size
from sims import sorting
from sims.alerts.pools import pool_of
from sims.costs import costs_of_parts, cycle_so_far
from sims.examples import EXAMPLES
from sims.filters import NEAR_QUOTA, NEARLY_OVER, OVER_QUOTA, QUOTA, SimFilter, silent
from sims.lifecycle import Status
from sims.models import Alert, AlertStatus, ChangeState, Sim, SimTag, StatusChange
from sims.naming import find_sim
from sims.offering import larger_quota, suspend
from sims.parameters import (
    CustomerName,
    OperatorName,
    PlanName,
    SearchText,
    SimAttention,
    SimRef,
    SimSort,
    SimStatuses,
    TagName,
)
from sims.schemas.fleet import (
    ActionOut,
    CycleCost,
    FleetSummary,
    PlanOut,
    SimDetails,
    SimPage,
    SimRow,
    StatusChangeOut,
)
from sims.usage import cycle_of, fleet_days, local_today, month_to_date

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

COUNT_UP_TO = 10_000


@service(permission=Permission.VIEW, risk=Risk.READ, path="sims", examples=EXAMPLES["find_sims"], title="SIMs")
def find_sims(
    actor: Actor,
    *,
    status: SimStatuses | None = None,
    min_usage: Bytes | None = None,
    max_usage: Bytes | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    plan: PlanName | None = None,
    tag: TagName | None = None,
    customer: CustomerName | None = None,
    search: SearchText | None = None,
    attention: SimAttention | None = None,
    sort: SimSort = "-usage",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SimPage:
    """Find SIMs by status, usage in the current billing cycle, operator, country, plan, tag, customer or text."""
    wanted = SimFilter(status, min_usage, max_usage, operator, country, plan, tag, customer, search, attention)
    rows = wanted.rows(actor)
    total = rows.order_by()[: COUNT_UP_TO + 1].count()
    linked = rows.select_related("plan", "customer", "device", "operator")
    sims, following = sorting.page(linked, sort, cursor, limit)
    items = sim_rows(sims)
    return SimPage(
        sentence=_list_sentence(wanted, items, total, sort),
        items=items,
        total=min(total, COUNT_UP_TO),
        total_is_exact=total <= COUNT_UP_TO,
        next_cursor=following,
        as_of=max((row.usage_as_of for row in items if row.usage_as_of), default=None),
    )


def sim_rows(sims: list[Sim]) -> list[SimRow]:
    """The rows of these SIMs with their tags, in one more query."""
    tags: dict[int, list[str]] = defaultdict(list)
    linked = SimTag.objects.filter(sim_id__in=[sim.pk for sim in sims]).order_by("tag__name")
    for sim_id, name in linked.values_list("sim_id", "tag__name"):
        tags[sim_id].append(name)
    return [SimRow.of(sim, tags=tags[sim.pk]) for sim in sims]


def _list_sentence(wanted: SimFilter, items: list[SimRow], total: int, sort: str) -> str:
    words = wanted.words()
    what = f" ({words})" if words else ""
    if not items:
        return f"No SIMs fit{what}." if words else "There are no SIMs yet."
    amount = counted(total, "SIM") if total <= COUNT_UP_TO else f"More than {COUNT_UP_TO:,} SIMs"
    if sort == "-usage":
        return f"{amount}{what}. The heaviest is {items[0].name} with {size(items[0].usage_bytes)} this cycle."
    return f"{amount}{what}."


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="sims/{sim}",
    examples=EXAMPLES["get_sim_details"],
    title="SIM details",
)
def get_sim_details(actor: Actor, *, sim: SimRef) -> SimDetails:
    """Show one SIM: state with its reason, usage against quota, plan, customer, device, identifiers, history."""
    found = find_sim(actor, sim)
    changes = [StatusChangeOut.of(one) for one in StatusChange.objects.filter(sim=found).order_by("-pk")[:20]]
    under_way = (ChangeState.REQUESTED, ChangeState.ACCEPTED)
    start, end = cycle_of(actor, found)
    row = sim_rows([found])[0]
    return SimDetails(
        **row.model_dump(),
        sentence=_sim_sentence(found, changes),
        **{name: getattr(found, name) for name in _SIM_FIELDS},
        own_quota_bytes=found.quota_bytes,
        plan_details=PlanOut.model_validate(found.plan, from_attributes=True) if found.plan else None,
        operator_plmn=f"{found.operator.mcc}-{found.operator.mnc}" if found.operator else None,
        device_kind=found.device.kind if found.device else None,
        cycle_start_date=start,
        cycle_end_date=end,
        changes=changes,
        pending=next((one for one in changes if one.state in under_way), None),
        actions=ActionOut.all_for(found),
        threshold_percent=found.threshold_percent or (found.plan.threshold_percent if found.plan else NEAR_QUOTA),
        limit_action=found.limit_action or (found.plan.limit_action if found.plan else "none"),
        pool=pool_of(actor, found),
        costs=_costs(actor, found),
        open_alerts=Alert.objects.filter(sim=found).exclude(status=AlertStatus.RESOLVED).count(),
        offers=_offers(found),
    )


def _offers(sim: Sim) -> list[Offer]:
    """What is done about a SIM that has passed its quota."""
    quota, used = sim.effective_quota_bytes, sim.cycle_bytes
    if sim.status != Status.ACTIVE or quota is None or used <= quota or (sim.plan is not None and sim.plan.pooled):
        return []
    more = larger_quota(sim.iccid, sim.short_name, quota_bytes=quota, expected_bytes=used)
    return [*more, suspend(sim.iccid, sim.short_name, reason="over its quota")]


def _costs(actor: Actor, sim: Sim) -> list[CycleCost]:
    """What its cycle costs so far, by the one meaning of money (sims/costs.py)."""
    parts = cycle_so_far(local_today(actor))
    found = costs_of_parts(actor, Sim.objects.for_actor(actor).filter(pk=sim.pk), parts, group="sim")
    return [CycleCost(currency=one.currency, cents=round(one.cents)) for one in found]


_SIM_FIELDS = ["customer_id", "imsi", "msisdn", "eid", "imei", "status_changed_at", "activated_at", "created_at"]


def _sim_sentence(sim: Sim, changes: list[StatusChangeOut]) -> str:
    quota = sim.effective_quota_bytes
    share = f" of {size(quota)} ({100 * sim.cycle_bytes / quota:.0f} %)" if quota else ""
    label = f" ({kept_apart(sim.label)})" if sim.label else ""
    return (
        f"SIM {sim.iccid}{label} is {Status(sim.status).words}{_since(sim, changes)}. "
        f"It has used {size(sim.cycle_bytes)}{share} this cycle."
    )


def _since(sim: Sim, changes: list[StatusChangeOut]) -> str:
    """Who or what put it there, when and why: the first question about a SIM that stands still."""
    last = next((one for one in changes if one.state == ChangeState.CONFIRMED), None)
    if last is None or last.to_status != sim.status:
        return f", reason: {sim.status_reason.replace('_', ' ')}" if sim.status_reason else ""
    note = f" ({last.note})" if last.note else ""
    return f" since {last.requested_at:%d %b %Y}, by {last.who}, reason: {last.reason.replace('_', ' ')}{note}"


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="fleet/summary",
    examples=EXAMPLES["get_fleet_summary"],
    title="Fleet summary",
)
def get_fleet_summary(actor: Actor) -> FleetSummary:
    """The fleet in figures: SIMs by state, usage, quota, silent SIMs, cost, the last 30 days and the heaviest five."""
    rows = Sim.objects.for_actor(actor)
    figures = _figures(rows)
    counts: dict[str, int] = {name.value: figures.pop(f"status_{name}") for name in Status}
    total = sum(counts.values())
    today = local_today(actor)
    month, last_month = month_to_date(actor, today)
    top = rows.order_by("-cycle_bytes", "-pk").select_related("plan", "customer", "device", "operator")[:5]
    return FleetSummary(
        sentence=_fleet_sentence(total, counts, figures["usage_bytes"], figures["over_quota"]),
        sims=total,
        by_status={name: count for name, count in counts.items() if count},
        **figures,
        month_bytes=month,
        last_month_bytes=last_month,
        month_change=(month - last_month) / last_month if last_month else None,
        currency=Organization.objects.values_list("currency", flat=True).get(pk=actor.organization_id),
        timeline=fleet_days(actor, today - timedelta(days=29), today),
        top=sim_rows(list(top)),
    )


def _figures(rows: "SimQuerySet") -> dict[str, Any]:
    """All counts of the summary in one pass over the SIMs."""
    paid = Q(status__in=[Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED])
    figures: dict[str, Any] = rows.annotate(quota=QUOTA).aggregate(
        **{f"status_{one}": Count("pk", filter=Q(status=one)) for one in Status},
        usage_bytes=Coalesce(Sum("cycle_bytes"), 0),
        over_quota=Count("pk", filter=OVER_QUOTA),
        near_quota=Count("pk", filter=NEARLY_OVER),
        silent=Count("pk", filter=silent()),
        recurring_cents=Coalesce(Sum("plan__price_cents", filter=paid), 0),
        as_of=Max("cycle_as_of"),
    )
    return figures


def _fleet_sentence(total: int, counts: dict[str, int], used: int, over: int) -> str:
    if not total:
        return "There are no SIMs yet. Import an inventory or a usage file to begin."
    states = ", ".join(f"{count:,} {Status(name).words}" for name, count in counts.items() if count)
    beyond = f" {counted(over, 'SIM')} over quota." if over else ""
    return f"{counted(total, 'SIM')}: {states}. They have used {size(used)} in their billing cycles so far.{beyond}"
