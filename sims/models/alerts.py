"""What needs somebody: rules that say when, alerts that say what, and the nightly look at the whole fleet.

Behind each foreign key stands a composite one, see migration 0005.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from iotsim.core.models import TenantModel
from sims.models.fleet import Customer, Plan, Sim, Tag
from sims.models.usage import Intake


class AlertKind(models.TextChoices):
    THRESHOLD = "threshold", "quota threshold"
    LIMIT = "limit", "quota limit"
    STATUS = "status", "state changed"
    IMEI_CHANGE = "imei_change", "other device model"
    NEW_COUNTRY = "new_country", "new country"
    SILENCE = "silence", "no connection"
    INTAKE_FAILURE = "intake_failure", "import failed"
    MANUAL = "manual", "made by hand"
    ANOMALY = "anomaly", "anomaly"


class Severity(models.TextChoices):
    INFO = "info", "info"
    WARNING = "warning", "warning"
    CRITICAL = "critical", "critical"


class AlertStatus(models.TextChoices):
    OPEN = "open", "open"
    ACKNOWLEDGED = "acknowledged", "acknowledged"
    SNOOZED = "snoozed", "snoozed"
    RESOLVED = "resolved", "resolved"


class AlertRule(TenantModel):
    """When the organisation wants an alert, of how much weight, about which SIMs (all that are given must fit).

    Percent or bytes: of `threshold` and `limit` (none: as plan and SIM say). Hours: of `silence`. Percent of refused
    rows: of `intake_failure`. Statuses and reasons: of `status`. `rearm_hours`: how long after its alert was resolved
    the same condition stays quiet. Each organisation is born with rules of `default_key`, see migration 0005.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    enabled = models.BooleanField(default=True)
    percent = models.IntegerField(null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10_000)])
    usage_bytes = models.BigIntegerField(null=True, blank=True)
    hours = models.IntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    statuses = models.JSONField(default=list, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    tag = models.ForeignKey(
        Tag, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    sim = models.ForeignKey(
        Sim, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    rearm_hours = models.IntegerField(default=24)
    default_key = models.CharField(max_length=30, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="alert_rule_name")]

    def __str__(self) -> str:
        return self.name


class Alert(TenantModel):
    """One condition that somebody should know of, for as long as it lasts.

    `condition` names it: only one alert of a condition is unresolved, a repeat raises `count` and `last_at`.
    `ended_at` is when the condition was over (an event is over at once); a condition that lasts is not told again
    after somebody resolved it. `pool_plan` with `customer` is a pool. `version` counts what people did with it.
    """

    kind = models.CharField(max_length=16, choices=AlertKind.choices)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    status = models.CharField(
        max_length=12, choices=AlertStatus.choices, default=AlertStatus.OPEN.value, db_default=AlertStatus.OPEN.value
    )
    text = models.CharField(max_length=500, blank=True, db_default="")  # of those made by hand
    condition = models.CharField(max_length=120, blank=True, db_default="")
    rule = models.ForeignKey(
        AlertRule,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    sim = models.ForeignKey(
        Sim, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="alerts"
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    pool_plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    intake = models.ForeignKey(
        Intake, on_delete=models.CASCADE, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    facts = models.JSONField(default=dict)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.IntegerField(default=1, db_default=1)
    ended_at = models.DateTimeField(null=True, blank=True)
    assignee_id = models.BigIntegerField(null=True, blank=True)
    assignee = models.CharField(max_length=254, blank=True, db_default="")
    snoozed_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    history = models.JSONField(default=list)  # [{at, who, what}], the newest last
    version = models.IntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "condition"],
                name="alert_once",
                condition=~models.Q(status="resolved") & ~models.Q(condition=""),
            )
        ]
        indexes = [
            models.Index(fields=["organization", "status", "-id"], name="alert_by_status"),
            models.Index(fields=["organization", "severity", "-id"], name="alert_by_severity"),
            models.Index(fields=["organization", "sim", "-id"], name="alert_of_sim"),
            models.Index(fields=["organization", "condition", "-id"], name="alert_condition"),
            models.Index(fields=["organization", "sim"], name="alert_lasting", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}: {self.status}"


class SimCountry(TenantModel):
    """A country that a SIM has been seen in; kept for SIMs that have been seen in more than one."""

    sim = models.ForeignKey(Sim, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    country = models.CharField(max_length=2)
    first_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sim", "country"], name="sim_country_once")]

    def __str__(self) -> str:
        return f"{self.sim_id} in {self.country}"


class NightlyRun(TenantModel):
    """The look at the whole fleet in one night; `summary` is a NightlySummary once it is done."""

    night = models.DateField()  # the local day that begins with this night
    job_id = models.BigIntegerField(null=True)
    summary = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "night"], name="nightly_once")]

    def __str__(self) -> str:
        return f"night of {self.night}"
