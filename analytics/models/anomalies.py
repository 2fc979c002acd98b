"""Anomalies: what was found, what people said of it, and how the organisation wants it.

SIMs and alerts are named by plain ids: the rows are written in bulk, and an anomaly outlives what it was about.
"""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from iotsim.core.models import TenantModel

KINDS: Final = {
    "spike": "usage spike",
    "theft": "theft",
    "retry_storm": "retry storm",
    "silent": "silent",
    "leak": "leak",
    "roaming": "use abroad",
    "throttled": "throttled",
    "new_country": "new country",
    "policy": "against the policy",
}
SEVERITIES: Final = ("critical", "high", "medium", "low")  # the worst first
MARKS: Final = {"open": "open", "real": "real", "false": "false alarm", "expected": "expected"}
BUDGET: Final = 3.0  # alerts per 10,000 SIM-days


class Anomaly(TenantModel):
    """One anomaly for as long as it lasts: of a SIM, or of a cohort that moved together (`sim_id` None).

    Days are the organisation's local ones. `last_day` is the last on which it was seen, `days` how many those were,
    `ended_on` the day after which it was over (None: it lasts). `provisional`: seen on a day that is not over yet.
    `score` from -1 (worst) to 1. `rank` is the place of the severity in SEVERITIES, so that lists can be ordered.
    `evidence` holds the figures in words' reach (see analytics.findings.words), `second_opinion` what the Isolation
    Forest says of the SIM's days, -1 to 1. `quiet` says why there is no alert: budget, past, severity, kind, expected,
    false, cohort. `shadow_day`: when two kinds of evidence would have suspended the SIM.
    """

    sim_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12, choices=list(KINDS.items()))
    severity = models.CharField(max_length=8, choices=[(one, one) for one in SEVERITIES])
    rank = models.SmallIntegerField()
    score = models.FloatField()
    first_day = models.DateField()
    last_day = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    days = models.IntegerField(default=1)
    provisional = models.BooleanField(default=False)
    cohort = models.CharField(max_length=120, blank=True)
    sims = models.IntegerField(default=1)
    evidence = models.JSONField(default=dict)
    second_opinion = models.FloatField(null=True, blank=True)
    status = models.CharField(max_length=8, choices=list(MARKS.items()), default="open", db_default="open")
    expected_until = models.DateField(null=True, blank=True)
    marked_by = models.CharField(max_length=254, blank=True)
    marked_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    history = models.JSONField(default=list)  # [{at, who, what}], the newest last
    version = models.IntegerField(default=0, db_default=0)
    alert_id = models.BigIntegerField(null=True, blank=True)
    quiet = models.CharField(max_length=10, blank=True)
    shadow_day = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "sim_id", "first_day", "cohort"],
                name="anomaly_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["organization", "rank", "-last_day", "-id"], name="anomaly_by_severity"),
            models.Index(fields=["organization", "-last_day", "-id"], name="anomaly_by_day"),
            models.Index(fields=["organization", "sim_id", "-last_day"], name="anomaly_of_sim"),
            models.Index(fields=["organization", "sim_id"], name="anomaly_lasting", condition=models.Q(ended_on=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of SIM {self.sim_id} since {self.first_day}"


class AnomalyState(TenantModel):
    """What the detector remembers of a block of SIMs at the end of `day`: few rows, however large the fleet.

    `sim_ids` are int64 in ascending order from `first_sim` to `last_sim`, `state` the detector's array of as many
    entries, both as bytes; `layout` names the form of the entries, so that another version of the detector begins anew
    instead of misreading them.
    """

    block = models.IntegerField()
    first_sim = models.BigIntegerField()
    last_sim = models.BigIntegerField()
    day = models.DateField()
    layout = models.CharField(max_length=64)
    sim_ids = models.BinaryField()
    state = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "block"], name="anomaly_state_of_block")]

    def __str__(self) -> str:
        return f"block {self.block} on {self.day}"


class AnomalyFeedback(TenantModel):
    """What was said of a SIM and kind, for the nights to come.

    `bound`: after a false alarm only a score below it is raised again. Until `expected_until` the kind is expected.
    """

    sim_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=list(KINDS.items()))
    bound = models.FloatField(default=0)
    expected_until = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sim_id", "kind"], name="anomaly_feedback_once")]

    def __str__(self) -> str:
        return f"{self.kind} of SIM {self.sim_id}: below {self.bound:.2f}"


class AnomalySettings(TenantModel):
    """How the organisation wants anomalies. Without a row: the defaults.

    `alerts_per_10k` is the budget: alerts per 10,000 SIM-days. `kinds_off` raise no alerts.
    `policy_*` are limits of a day that no SIM may pass, None for none. `suspension` is off or shadow (what would be
    suspended is only shown), `daily_cap_percent` how many of a customer's SIMs at most a day.
    """

    alerts_per_10k = models.FloatField(default=BUDGET, validators=[MinValueValidator(0), MaxValueValidator(1_000)])
    min_severity = models.CharField(max_length=8, default="medium", choices=[(one, one) for one in SEVERITIES])
    kinds_off = models.JSONField(default=list, blank=True)
    policy_day_bytes = models.BigIntegerField(null=True, blank=True)
    policy_day_sessions = models.IntegerField(null=True, blank=True)
    suspension = models.CharField(max_length=6, default="off", choices=[("off", "off"), ("shadow", "shadow")])
    daily_cap_percent = models.FloatField(default=0.1, validators=[MinValueValidator(0), MaxValueValidator(100)])
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "anomaly settings"
        constraints = [models.UniqueConstraint(fields=["organization"], name="anomaly_settings_once")]

    def __str__(self) -> str:
        return f"{self.alerts_per_10k} alerts per 10,000 SIM-days"
