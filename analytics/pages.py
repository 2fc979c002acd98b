"""What the pages of analytics show."""

from iotsim.core.pages import Shown, lists, shows


def declare() -> None:
    """Tell it, once, as the application starts."""
    shows("anomaly", Shown("explain_anomaly", "anomaly"), anomaly="anomaly")
    shows("model", Shown("get_model", "model", id="card.name"), model="name")
    shows("night", Shown("get_nightly_summary", "night", id="night"), night="night")
    lists("check_anomalies", "anomalies")
    lists("optimize_quotas", "savings")
    lists("get_cost_breakdown", "savings_costs")
    lists("list_quota_risks", "forecasts")
    lists("generate_chart", "charts")
