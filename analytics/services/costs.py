"""What SIMs cost, and what they would cost on another plan."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Annotated, Final

from django.db.models import Max
from pydantic import Field

from analytics.examples import EXAMPLES
from analytics.parameters import CostBy, CurrencyCode
from analytics.savings.outlook import Expected, expected_overage
from analytics.schemas.savings import Backtest, CostBreakdown, CostItem
from iotsim.core.actor import Actor
from iotsim.core.countries import country_name
from iotsim.core.counts import find_limit
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.parameters import Country, Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.slots import Slot
from iotsim.core.wording import counted, kept_apart, money
from sims.costs import Cost, costs_by, costs_of_parts, cycle_so_far, parts_of, whole_cycle
from sims.filters import SimFilter
from sims.naming import find_plan, find_sim, find_sims_named
from sims.parameters import CustomerName, OperatorName, PlanName, SimRef, SimRefs, TagName
from sims.reports.asked import period
from sims.usage import local_today

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

MOST_ITEMS: Final = 200
BACKTEST_DAYS: Final = 90

Many = Annotated[
    int,
    Field(ge=1, le=MOST_ITEMS, description="How many groups at most; the sums are of all"),
    Slot("limit", find_limit, noun="how many", free=True, shares=True),
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="costs",
    examples=EXAMPLES["get_cost_breakdown"],
    title="Costs",
)
def get_cost_breakdown(
    actor: Actor,
    *,
    by: CostBy = "customer",
    start_date: Day | None = None,
    end_date: Day | None = None,
    sim: SimRef | None = None,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    tag: TagName | None = None,
    currency: CurrencyCode = None,
    limit: Many = 50,
) -> CostBreakdown:
    """Say what SIMs cost: plans, overage and the carrier's own records, by customer, plan, country, pool or SIM.

    Of a period, or without one of the billing cycles so far, with what they are expected to come to at their end.
    """
    rows = SimFilter(operator=operator, country=country, plan=plan, tag=tag, customer=customer).rows(actor)
    if sim is not None:
        rows, by = rows.filter(pk=find_sim(actor, sim).pk), "sim"
    today, dated = local_today(actor), start_date is not None or end_date is not None
    if dated:
        start, end = period(today, start_date, end_date)
        items = _items(costs_by(actor, rows, start, end, group=by))
    else:
        so_far = costs_of_parts(actor, rows, cycle_so_far(today), group=by)
        items = _foreseen(so_far, costs_of_parts(actor, rows, whole_cycle(today), group=by),
                          expected_overage(actor, rows, today, by))  # fmt: skip
    items = [_named(one, by) for one in items if currency in (None, one.currency)]
    totals = _totals(items)
    found = CostBreakdown(
        by=by,
        items=sorted(items, key=lambda one: (-(one.forecast_cents or one.total_cents), one.name))[:limit],
        totals=totals,
        start_date=start if dated else None,
        end_date=end if dated else None,
        as_of=rows.aggregate(newest=Max("cycle_as_of"))["newest"],
    )
    return found.model_copy(update={"sentence": _sentence(found, len({one.name for one in items}))})


def cents(amount: Decimal) -> int:
    """Whole cents, rounded as the charts round."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


def _items(costs: Iterable[Cost]) -> list[CostItem]:
    return [
        CostItem(
            name=one.name,
            currency=one.currency,
            sims=one.sims,
            plan_cents=cents(one.plan_cents),
            overage_cents=cents(one.overage_cents),
            record_cents=cents(one.record_cents),
            total_cents=cents(one.cents),
        )
        for one in costs
    ]


def _foreseen(so_far: list[Cost], whole: list[Cost], overage: dict[tuple[str, str], Expected]) -> list[CostItem]:
    """So far, with the whole cycle's price and the overage that is expected; never less than what is owed already."""
    known = {(one.name, one.currency): one for one in so_far}
    nothing = Decimal(0)
    items = []
    for one in whole:
        key = (one.name, one.currency)
        now = known.get(key) or Cost(one.name, one.currency, nothing, nothing, nothing, one.sims)
        more = overage.get(key, Expected())
        sure = float(one.plan_cents + one.record_cents)
        least = float(now.overage_cents)
        [item] = _items([now])
        item.forecast_cents = round(sure + max(more.cents, least))
        item.worst_cents = max(round(sure + max(more.worst, least)), item.forecast_cents)
        items.append(item)
    return items


def _named(item: CostItem, by: str) -> CostItem:
    if not item.name:
        item.name = "In no pool" if by == "pool" else f"No {by}"
    elif by == "country":
        item.name = country_name(item.name)
    return item


def _totals(items: list[CostItem]) -> list[CostItem]:
    """Sums of each currency, the largest number first."""
    by_currency: dict[str, list[CostItem]] = defaultdict(list)
    for one in items:
        by_currency[one.currency].append(one)
    totals = [_total(currency, some) for currency, some in by_currency.items()]
    return sorted(totals, key=lambda one: (-one.total_cents, one.currency))


def _total(currency: str, items: list[CostItem]) -> CostItem:
    def add(name: str) -> int:
        return sum(getattr(one, name) or 0 for one in items)

    ahead = any(one.forecast_cents is not None for one in items)
    return CostItem(
        name="All",
        currency=currency,
        sims=add("sims"),
        plan_cents=add("plan_cents"),
        overage_cents=add("overage_cents"),
        record_cents=add("record_cents"),
        total_cents=add("total_cents"),
        forecast_cents=add("forecast_cents") if ahead else None,
        worst_cents=add("worst_cents") if ahead else None,
    )


def _sentence(found: CostBreakdown, groups: int) -> str:
    when = f"from {found.start_date} to {found.end_date}" if found.start_date else "in the billing cycles so far"
    if not found.totals:
        return f"No costs {when}."
    amounts = " and ".join(money(one.total_cents, one.currency) for one in found.totals)
    ahead = [money(one.forecast_cents, one.currency) for one in found.totals if one.forecast_cents is not None]
    end = f", about {' and '.join(ahead)} by their end" if ahead else ""
    first = found.items[0]
    what = {"country": "countries"}.get(found.by, f"{found.by}s" if found.by != "sim" else "SIMs")
    dearest = f" The dearest of {groups:,} {what} is {kept_apart(first.name)}." if groups > 1 else ""
    return f"Costs {when}: {amounts}{end}.{dearest}"


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="plans/{plan}/backtest",
    examples=EXAMPLES["backtest_plan"],
    title="Plan backtest",
)
def backtest_plan(
    actor: Actor,
    *,
    plan: PlanName,
    sims: SimRefs | None = None,
    customer: CustomerName | None = None,
    tag: TagName | None = None,
    start_date: Day | None = None,
    end_date: Day | None = None,
) -> Backtest:
    """Say what SIMs would have cost on a plan in a past period, against what they cost.

    Without a period the last 90 days. Their usage is taken as it was; the carrier's own records are left out.
    """
    row = find_plan(actor, plan)
    today = local_today(actor)
    last = min(end_date or today, today)
    start, end = period(today, start_date or last - timedelta(days=BACKTEST_DAYS - 1), last)
    rows = _tested(actor, sims, customer, tag)
    parts = parts_of(start, end)
    was = costs_of_parts(actor, rows, parts, group="plan")
    would = costs_of_parts(actor, rows, parts, group="plan", instead=row.pk)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for one in was:
        if one.plan_cents or one.overage_cents:
            paid[one.currency] += one.plan_cents + one.overage_cents
    then = sum((one.plan_cents + one.overage_cents for one in would), Decimal())
    same = set(paid) <= {row.currency}
    found = Backtest(
        plan=row.name,
        sims=rows.count(),
        start_date=start,
        end_date=end,
        cost_cents={currency: cents(amount) for currency, amount in sorted(paid.items())},
        would_cents=cents(then),
        would_overage_cents=cents(sum((one.overage_cents for one in would), Decimal())),
        currency=row.currency,
        saving_cents=cents(paid[row.currency] - then) if same else None,
    )
    return found.model_copy(update={"sentence": _told(found)})


def _tested(actor: Actor, sims: list[str] | None, customer: str | None, tag: str | None) -> "SimQuerySet":
    wanted = SimFilter(customer=customer, tag=tag)
    if sims and not wanted.is_empty:
        raise Invalid("Name the SIMs or give a customer or tag, not both.", field="sims")
    rows = wanted.rows(actor)
    if sims:
        rows = rows.filter(pk__in=[sim.pk for sim in find_sims_named(actor, sims)])
    if not rows.exists():
        raise NotFound(f"No SIMs fit{f' ({wanted.words()})' if wanted.words() else ''}.")
    return rows


def _told(found: Backtest) -> str:
    paid = " and ".join(money(amount, currency) for currency, amount in found.cost_cents.items()) or "nothing"
    would = money(found.would_cents, found.currency)
    what = (
        f"{counted(found.sims, 'SIM')} from {found.start_date} to {found.end_date}: {would} on {kept_apart(found.plan)}"
    )
    if found.saving_cents is None:
        return f"{what}, {paid} as it was; amounts of several currencies are not compared."
    if not found.cost_cents:
        return f"{what}, where they cost nothing."
    if not found.saving_cents:
        return f"{what}, the same as it was."
    change = "less" if found.saving_cents > 0 else "more"
    return f"{what}, {money(abs(found.saving_cents), found.currency)} {change} than the {paid} that they cost."
