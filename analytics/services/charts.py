"""Charts of the fleet."""

from collections.abc import Callable, Mapping
from typing import Final

from analytics.ahead.parameters import Look
from analytics.charts.anomalies import draw_anomalies
from analytics.charts.comparison import draw_comparison
from analytics.charts.costs import draw_costs
from analytics.charts.forecast import draw_forecast
from analytics.charts.heatmap import draw_heatmap
from analytics.charts.heaviest import draw_top
from analytics.charts.quota import draw_quota
from analytics.charts.request import TOP, Request
from analytics.charts.states import draw_states
from analytics.charts.usage import draw_usage
from analytics.examples import EXAMPLES
from analytics.parameters import ChartKind, CurrencyCode, GroupBy, Kind, Shape, Top
from iotsim.core.actor import Actor
from iotsim.core.charts import Chart
from iotsim.core.errors import Invalid
from iotsim.core.parameters import Country, Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from sims.filters import SimFilter
from sims.parameters import CustomerName, OperatorName, PlanName, SimRef, SimStatuses, TagName

NO_PIE: Final = "Pies are not drawn: lengths are easier to compare than slices."
DRAWN: Final[Mapping[Kind, Callable[[Request], Chart]]] = {
    "usage_timeline": draw_usage,
    "comparison": draw_comparison,
    "heatmap": draw_heatmap,
    "top_sims": draw_top,
    "quota_utilization": draw_quota,
    "status_breakdown": draw_states,
    "cost_breakdown": draw_costs,
    "anomaly_timeline": draw_anomalies,
    "forecast": draw_forecast,
}


@service(
    permission=Permission.REPORT,
    risk=Risk.READ,
    path="charts/{chart_type}",
    examples=EXAMPLES["generate_chart"],
    title="Chart",
)
def generate_chart(
    actor: Actor,
    *,
    chart_type: ChartKind,
    start_date: Day | None = None,
    end_date: Day | None = None,
    sim: SimRef | None = None,
    status: SimStatuses | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    plan: PlanName | None = None,
    tag: TagName | None = None,
    customer: CustomerName | None = None,
    group_by: GroupBy | None = None,
    top: Top | None = None,
    currency: CurrencyCode = None,
    shape: Shape = "bars",
    look: Look | None = None,
) -> Chart:
    """Draw a chart: usage over time, beside the period before or by hour of the week, the heaviest SIMs, use of
    quotas, SIMs by state, costs by group, a forecast, or anomalies over time.

    With the figure comes the same as a table. Usage and costs are of a period, without one of the last 30 days (the
    heaviest SIMs: of their billing cycle); quotas and states are those of now.
    """
    if group_by and chart_type != "cost_breakdown":
        raise Invalid(f"Only costs can be drawn by {group_by}; leave group_by out.", field="group_by")
    wanted = SimFilter(status=status, operator=operator, country=country, plan=plan, tag=tag, customer=customer)
    request = Request(
        actor, chart_type, wanted, sim, start_date, end_date, group_by or "customer", top or TOP, currency, look
    )
    chart = DRAWN[chart_type](request)
    return chart if shape == "bars" or chart.is_empty else chart.with_note(NO_PIE)
