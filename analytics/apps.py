from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        # Importing the services is what fills the registry.
        from analytics import pages, services  # noqa: F401
        from analytics.ahead.following import follow_usage
        from analytics.findings import arrivals
        from analytics.suggesting.following import follow_sims, hear
        from iotsim.core import events
        from sims.following import follow

        pages.declare()
        follow(follow_usage, "usage", "cycle")
        follow(arrivals.look, "usage")
        follow(follow_sims, "usage", "cycle")  # after the forecasts that it reads
        events.listen(hear)
