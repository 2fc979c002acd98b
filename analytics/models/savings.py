"""Savings: advice on plans and pools, and what came of it.

Written in bulk by `analytics.nightly.savings`, without foreign keys for the same reason as usage. Money is in cents of
`currency`, a month; amounts of several currencies are never added.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from iotsim.core.models import TenantModel


class AdviceKind(models.TextChoices):
    CHANGE_PLAN = "change_plan", "another plan"
    RETIRE_IDLE = "retire_idle", "charged but unused"
    RESIZE_POOL = "resize_pool", "size of a pool"
    RAISE_QUOTA = "raise_quota", "quota of its own"


class AdviceState(models.TextChoices):
    OPEN = "open", "open"
    APPLIED = "applied", "applied"
    DISMISSED = "dismissed", "dismissed"
    EXPIRED = "expired", "expired"


class Confidence(models.TextChoices):
    HIGH = "high", "high"
    MEDIUM = "medium", "medium"
    LOW = "low", "low"


class Recommendation(TenantModel):
    """One advice: for a SIM (`sim_id`), or for a pool (`customer_id`'s SIMs on `from_plan_id`; then `sim_id` is 0).

    `to_plan_id` is 0 where there is no other plan; of a pool, `moved_sims[n]` goes to the plan `moved_plans[n]`, and
    `sims` says how many move. Expected costs are averages over the forecast usage, worst ones those of a month of which
    nine of ten are lighter. `unused_cycles` is of SIMs that nobody uses. `since` is the night that first said so.

    Once applied, each whole 30 days of usage since are held against what they would have cost before: `realised_cents`
    is the sum over `realised_cycles` of them, known up to `realised_until`.
    """

    kind = models.CharField(max_length=12, choices=AdviceKind.choices)
    state = models.CharField(max_length=9, choices=AdviceState.choices, default=AdviceState.OPEN.value)
    sim_id = models.BigIntegerField(default=0)
    customer_id = models.BigIntegerField(default=0)
    from_plan_id = models.BigIntegerField()
    to_plan_id = models.BigIntegerField(default=0)
    moved_sims = ArrayField(models.BigIntegerField(), default=list, blank=True)
    moved_plans = ArrayField(models.BigIntegerField(), default=list, blank=True)
    sims = models.IntegerField(default=1)
    cost_cents = models.IntegerField()
    worst_cost_cents = models.IntegerField()
    saving_cents = models.IntegerField()
    worst_saving_cents = models.IntegerField()
    currency = models.CharField(max_length=3)
    confidence = models.CharField(max_length=6, choices=Confidence.choices)
    reason = models.CharField(max_length=400)
    history_days = models.IntegerField()
    usage_p10_bytes = models.BigIntegerField(default=0)
    usage_p50_bytes = models.BigIntegerField(default=0)
    usage_p90_bytes = models.BigIntegerField(default=0)
    unused_cycles = models.IntegerField(default=0)
    since = models.DateField()
    night = models.DateField()  # the newest that says so
    batch = models.UUIDField(null=True)  # of one call that applied or dismissed it
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=254, blank=True)
    quota_before_bytes = models.BigIntegerField(null=True)  # of its own, before it was applied
    realised_cents = models.IntegerField(default=0)
    realised_cycles = models.IntegerField(default=0)
    realised_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "sim_id", "from_plan_id", "customer_id"],
                name="advice_once",
                condition=models.Q(state="open"),
            )
        ]
        indexes = [
            models.Index(fields=["organization", "state", "-saving_cents", "id"], name="advice_by_saving"),
            models.Index(fields=["organization", "sim_id"], name="advice_of_sim"),
            models.Index(fields=["organization", "batch"], name="advice_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}: {self.saving_cents} {self.currency} cents"


class SavingsRun(TenantModel):
    """What one night advised: `open` holds for each currency how many, and the cents expected and at worst."""

    night = models.DateField()
    as_of = models.DateTimeField(null=True)
    sims = models.IntegerField()
    open = models.JSONField(default=dict)
    seconds = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "night"], name="savings_night_once")]

    def __str__(self) -> str:
        return f"savings of {self.night}"
