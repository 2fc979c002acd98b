"""Customer health: dated snapshots and the risk that a customer leaves.

Written by `analytics.nightly.health`; a snapshot holds what was known at the end of its day and is never worked out
again from later days, so that a model learns from what it will have.
"""

from typing import Final

from django.db import models

from iotsim.core.models import TenantModel

AHEAD_DAYS: Final = 30  # churn of a snapshot of day t: the customer left in (t, t + 30]


class CustomerSnapshot(TenantModel):
    """A customer on one local day. No row: it had left, or had no SIM in use.

    `features`: by the names of `analytics.churn.features`, null is unknown. `score` and `reasons`: the health by rules,
    100 is best. `probability`, `risk_reasons`, `model_version`: of the champion that was in use, null without one.
    `risk` orders customers: the probability, without one 1 - score / 100. `is_backfilled`: worked out on the first
    night from older days, for which plans and quotas are not known.
    """

    customer_id = models.BigIntegerField()
    day = models.DateField()
    features = models.JSONField(default=dict)
    score = models.SmallIntegerField()
    reasons = models.JSONField(default=list)
    probability = models.FloatField(null=True)
    risk_reasons = models.JSONField(default=list)
    model_version = models.IntegerField(null=True)
    risk = models.FloatField()
    is_backfilled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "customer_id", "day"], name="snapshot_of_customer")
        ]
        indexes = [models.Index(fields=["organization", "-day", "-risk", "customer_id"], name="snapshot_by_risk")]

    def __str__(self) -> str:
        return f"customer {self.customer_id} on {self.day}: {self.score}"
