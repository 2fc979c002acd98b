"""What the pages of the fleet show."""

from iotsim.core.pages import Shown, lists, shows


def declare() -> None:
    """Tell it, once, as the application starts."""
    shows("sim", Shown("get_sim_details", "sim", id="iccid"), sim="sim")
    shows("customer", Shown("get_customer", "customer", name="name", mark="#"), customer="number")
    shows("alert", Shown("get_alert", "alert"), alert="alert")
    shows("import", Shown("get_intake", "intake"), **{"import": "intake", "usage_mapping": "intake"})
    shows("report", Shown("get_report", "report"))
    lists("find_sims", "sims", "reports")
    lists("list_alerts", "alerts")
