"""Forecasts: what SIMs, customers, pools and the fleet will use, and when quotas run out.

Written in bulk by `analytics.nightly.forecasts`, without foreign keys for the same reason as usage.
"""

from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models

from iotsim.core.models import TenantModel

HORIZON_DAYS: Final = 31  # days a curve looks ahead, so that every billing cycle ends within it


class RealField(models.FloatField):  # type: ignore[type-arg]
    """Four bytes a number: seven figures, and half the room."""

    def db_type(self, connection: Any) -> str:
        return "real"


class ForecastFields(TenantModel):
    """What every forecast says. Bytes, rounded; days are the organisation's local ones.

    `used_bytes`: used in the cycle up to `as_of`. `cycle_p10/50/90_bytes`: the sum from the cycle's first day to its
    last, what was used included. `month_*`: the sum of the 30 days from `first_day` on, cycle or not. `days_p*`: the
    curve, one entry for each day from `first_day` on. `exhausts_on`: the day on which the middle passes the quota, None
    when it does not before the cycle ends. `exhausts_probability`: that it is passed before then, 0 to 1; None without
    a quota. Usage that comes in later moves used, sums, day and probability on (`analytics.ahead`), not the curve.
    `history_days`: how many known days it stands on; below 14 a cohort's usual use fills in (`is_prior`).
    """

    as_of = models.DateTimeField()
    first_day = models.DateField()
    cycle_start_date = models.DateField()
    cycle_end_date = models.DateField()
    used_bytes = models.BigIntegerField()
    quota_bytes = models.BigIntegerField(null=True)
    cycle_p10_bytes = models.BigIntegerField()
    cycle_p50_bytes = models.BigIntegerField()
    cycle_p90_bytes = models.BigIntegerField()
    month_p10_bytes = models.BigIntegerField()
    month_p50_bytes = models.BigIntegerField()
    month_p90_bytes = models.BigIntegerField()
    exhausts_on = models.DateField(null=True)
    exhausts_probability = models.FloatField(null=True)
    history_days = models.SmallIntegerField()
    is_prior = models.BooleanField(default=False)
    tier = models.SmallIntegerField(default=0)
    model = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    days_p10 = ArrayField(RealField())
    days_p50 = ArrayField(RealField())
    days_p90 = ArrayField(RealField())

    class Meta:
        abstract = True


class SimForecast(ForecastFields):
    """The newest forecast of one SIM."""

    sim_id = models.BigIntegerField()
    device_class = models.CharField(max_length=20, blank=True)  # how regular it is: analytics.forecasting

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sim_id"], name="forecast_of_sim")]
        indexes = [models.Index(fields=["organization", "-exhausts_probability", "sim_id"], name="forecast_risk")]

    def __str__(self) -> str:
        return f"SIM {self.sim_id}: {self.cycle_p50_bytes} bytes by {self.cycle_end_date}"


class GroupForecast(ForecastFields):
    """The newest forecast of a customer, a pool (the SIMs of one customer on one pooled plan) or the fleet.

    `customer_id` and `plan_id` are 0 where the scope has none.
    """

    scope = models.CharField(max_length=8)  # customer, pool, fleet
    customer_id = models.BigIntegerField(default=0)
    plan_id = models.BigIntegerField(default=0)
    sims = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "scope", "customer_id", "plan_id"], name="forecast_of_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.customer_id}/{self.plan_id}: {self.cycle_p50_bytes} bytes"
