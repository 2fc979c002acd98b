"""Costs by customer, plan, country or operator (see sims/costs.py for what they are), one currency a chart."""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from analytics.charts import figures, sums
from analytics.charts.request import Request, column, name, percent
from analytics.parameters import GROUPS
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.countries import country_name
from iotsim.core.wording import counted, money
from sims.axes import Figure
from sims.costs import Cost, costs_by

OTHERS: Final = "All others"
CENT: Final = Decimal("0.01")


def draw_costs(request: Request) -> Chart:
    """The dearest groups, each with what it is made of; the rest together as one."""
    start, end = request.period
    costs = costs_by(request.actor, request.sims, start, end, group=request.group)
    totals = _totals(costs)
    currency = request.currency or next(iter(totals), "EUR")
    mine = [one for one in costs if one.currency == currency]
    shown = _shown(mine, request.top)
    whole = sum((one.cents for one in mine), Decimal())
    return request.chart(
        _sentence(request, mine, whole, currency),
        figure=_figure(request, shown, currency),
        unit=currency,
        currency=currency,
        columns=[
            column(GROUPS[request.group]), column("Cost", currency), column("Share", "%"), column("Plans", currency),
            column("Overage", currency), column("Carrier's records", currency),
        ],
        rows=[_row(request, one, whole) for one in shown],
        title=f"Costs by {request.group}",
        about=f"{request.which}, {request.days_in_words}",
        notes=[_elsewhere(totals, currency)],
        is_empty=not mine,
        start_date=start,
        end_date=end,
        as_of=sums.known_until(request.sims),
    )  # fmt: skip


def _totals(costs: list[Cost]) -> dict[str, Decimal]:
    """Cents by currency, the largest number first; only their order means anything across currencies."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for one in costs:
        totals[one.currency] += one.cents
    return dict(sorted(totals.items(), key=lambda pair: pair[1], reverse=True))


def _shown(costs: list[Cost], top: int) -> list[Cost]:
    rest = costs[top:]
    if not rest:
        return costs
    together = Cost(
        f"{OTHERS} ({len(rest):,})",
        rest[0].currency,
        sum((one.plan_cents for one in rest), Decimal()),
        sum((one.overage_cents for one in rest), Decimal()),
        sum((one.record_cents for one in rest), Decimal()),
    )
    return [*costs[:top], together]


def _named(request: Request, cost: Cost) -> str:
    if not cost.name:
        return f"No {request.group}"
    return country_name(cost.name) if request.group == "country" else cost.name


def units(cents: Decimal) -> float:
    """Cents as an amount of the currency, to the cent."""
    return float((cents / 100).quantize(CENT, ROUND_HALF_EVEN))


def _row(request: Request, cost: Cost, whole: Decimal) -> list[ChartCell]:
    linked = bool(cost.name) and not cost.name.startswith(OTHERS)
    link = request.list_of(**{request.group: cost.name}) if linked else ""
    parts = (cost.cents, cost.plan_cents, cost.overage_cents, cost.record_cents)
    total, *rest = [ChartCell(value=units(part), text=money(float(part), cost.currency)) for part in parts]
    return [name(_named(request, cost), link), total, percent(float(cost.cents), float(whole)), *rest]


def _figure(request: Request, shown: list[Cost], currency: str) -> Figure:
    parts = [
        ("Plans", [units(one.plan_cents) for one in shown]),
        ("Overage", [units(one.overage_cents) for one in shown]),
        ("Carrier's records", [units(one.record_cents) for one in shown]),
    ]
    names = [_named(request, one) for one in shown]
    return figures.stacked_bars(names, parts, [money(float(one.cents), currency) for one in shown], unit=currency)


def _sentence(request: Request, costs: list[Cost], whole: Decimal, currency: str) -> str:
    if not costs:
        return f"{request.which}: no costs {request.days_in_words}."
    parts = [
        ("for plans", sum((one.plan_cents for one in costs), Decimal())),
        ("overage", sum((one.overage_cents for one in costs), Decimal())),
        ("by the carrier's records", sum((one.record_cents for one in costs), Decimal())),
    ]
    told = ", ".join(f"{money(float(cents), currency)} {what}" for what, cents in parts if cents)
    first = costs[0]
    dearest = f" The dearest of {len(costs):,} is {_named(request, first)} with {money(float(first.cents), currency)}."
    return (
        f"{request.which} cost {money(float(whole), currency)} {request.days_in_words}: {told}."
        f"{dearest if len(costs) > 1 else ''}"
    )


def _elsewhere(totals: dict[str, Decimal], currency: str) -> str:
    rest = [money(float(cents), code) for code, cents in totals.items() if code != currency]
    if not rest:
        return ""
    what = counted(len(rest), "currency", "currencies")
    return f"Costs in {what} more are not in this chart: {', '.join(rest)}."
