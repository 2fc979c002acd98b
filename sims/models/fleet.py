"""The fleet: SIMs, and what they are linked to. Identifiers are text, sizes bytes, money cents.

Filters meet btree-comparable stored columns only: under row security no other operator reaches an index.
"""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower, Reverse

from iotsim.core.actor import Actor
from iotsim.core.models import TenantModel
from iotsim.core.wording import kept_apart
from sims.lifecycle import Status

STATUSES = [(status.value, status.words) for status in Status]


class LimitAction(models.TextChoices):
    """What happens to a SIM that reaches its quota."""

    NONE = "none", "nothing but an alert"
    SUSPEND = "suspend", "suspended"


class Operator(models.Model):
    """A mobile network (ITU-T E.212). Reference data from sims/world.py, the same for every tenant, read-only."""

    reference_data = True

    name = models.CharField(max_length=120)
    mcc = models.CharField(max_length=3)
    mnc = models.CharField(max_length=3)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mcc", "mnc"], name="operator_plmn")]
        indexes = [models.Index(fields=["country"], name="operator_country")]

    def __str__(self) -> str:
        return f"{self.name} ({self.country})"


class Customer(TenantModel):
    """One of the account manager's accounts."""

    name = models.CharField(max_length=120)
    reference = models.CharField(max_length=60, blank=True)
    left_on = models.DateField(null=True, blank=True)  # the day they ended the contract, where somebody noted it
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="customer_name")]

    def __str__(self) -> str:
        return self.name


class Plan(TenantModel):
    """A tariff. The cycle begins on `billing_day` (the last day of a shorter month)."""

    name = models.CharField(max_length=120)
    quota_bytes = models.BigIntegerField(validators=[MinValueValidator(0)])
    price_cents = models.IntegerField(default=0)
    overage_cents_per_mb = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    currency = models.CharField(max_length=3, default="EUR")
    pooled = models.BooleanField(default=False)
    billing_day = models.SmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(31)])
    threshold_percent = models.SmallIntegerField(
        default=80, db_default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )  # the soft threshold: somebody is told
    limit_action = models.CharField(
        max_length=8, choices=LimitAction.choices, default=LimitAction.NONE.value, db_default=LimitAction.NONE.value
    )  # the hard limit

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="plan_name")]

    def __str__(self) -> str:
        return self.name


class Device(TenantModel):
    """A machine that carries a SIM."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, blank=True)
    imei = models.CharField(max_length=15, blank=True)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
    )
    safety_critical = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["organization", "name"], name="device_name")]

    def __str__(self) -> str:
        return self.name


class SimQuerySet(models.QuerySet["Sim"]):
    def for_actor(self, actor: Actor) -> "SimQuerySet":
        """What the actor may see: all of the tenant, or the SIMs of the customers they are limited to."""
        rows = self.filter(organization_id=actor.organization_id)
        return rows if actor.customer_ids is None else rows.filter(customer_id__in=actor.customer_ids)


class Sim(TenantModel):
    """A SIM card or profile. `quota_bytes` None: the plan's. `cycle_*`: this billing cycle, as of `cycle_as_of`."""

    iccid = models.CharField(max_length=22)
    iccid_reversed = models.GeneratedField(
        expression=Reverse("iccid"),
        output_field=models.CharField(max_length=22, db_collation="C"),
        db_persist=True,
    )
    imsi = models.CharField(max_length=15, blank=True)
    msisdn = models.CharField(max_length=15, blank=True)
    eid = models.CharField(max_length=32, blank=True)
    imei = models.CharField(max_length=15, blank=True)
    label = models.CharField(max_length=120, blank=True)
    label_lower = models.GeneratedField(
        expression=Lower("label"),
        output_field=models.CharField(max_length=120),
        db_persist=True,
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="sims",
    )
    device = models.ForeignKey(
        Device,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="sims",
    )
    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="sims",
    )
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    country = models.CharField(max_length=2, blank=True)  # where it is used, ISO 3166-1 alpha-2
    status = models.CharField(max_length=12, choices=STATUSES, default=Status.INVENTORY.value)
    status_reason = models.CharField(max_length=20, blank=True)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    safety_critical = models.BooleanField(default=False)
    quota_bytes = models.BigIntegerField(null=True, blank=True)
    threshold_percent = models.SmallIntegerField(null=True, blank=True)  # None: the plan's
    limit_action = models.CharField(
        max_length=8, choices=LimitAction.choices, blank=True, default="", db_default=""
    )  # empty: the plan's
    cycle_bytes = models.BigIntegerField(default=0)
    cycle_start_date = models.DateField(null=True, blank=True)
    cycle_as_of = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SimQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "iccid"], name="sim_iccid")]
        indexes = [
            models.Index(fields=["organization", "iccid_reversed"], name="sim_ending"),
            models.Index(fields=["organization", "-cycle_bytes", "id"], name="sim_usage"),
            models.Index(
                fields=["organization", "status", "-cycle_bytes", "id"],
                name="sim_status_usage",
            ),
            models.Index(fields=["organization", "-last_seen_at", "id"], name="sim_last_seen"),
            models.Index(fields=["organization", "label_lower", "id"], name="sim_label"),
            models.Index(fields=["organization", "imsi"], name="sim_imsi"),
            models.Index(fields=["organization", "msisdn"], name="sim_msisdn"),
            models.Index(fields=["organization", "customer"], name="sim_customer"),
            models.Index(fields=["organization", "device"], name="sim_device"),
            models.Index(fields=["organization", "plan"], name="sim_plan"),
            models.Index(fields=["organization", "operator"], name="sim_operator"),
            models.Index(fields=["organization", "country"], name="sim_country"),
        ]

    def __str__(self) -> str:
        return self.label or self.iccid

    @property
    def short_name(self) -> str:
        """How people speak of it: its label, or the last four digits."""
        return kept_apart(self.label) or f"...{self.iccid[-4:]}"

    @property
    def effective_quota_bytes(self) -> int | None:
        """Its own quota, else its plan's; None without either."""
        if self.quota_bytes is not None:
            return self.quota_bytes
        return self.plan.quota_bytes if self.plan else None


class Tag(TenantModel):
    name = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="tag_name")]

    def __str__(self) -> str:
        return self.name


class SimTag(TenantModel):
    sim = models.ForeignKey(
        Sim,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="sim_tags",
    )
    tag = models.ForeignKey(
        Tag,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="sim_tags",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "tag", "sim"], name="sim_tag_once")]
        indexes = [models.Index(fields=["organization", "sim"], name="sim_tag_of_sim")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.sim_id}"


class ChangeState(models.TextChoices):
    """How far a change asked of a carrier is; a SIM shows its new status only once it is confirmed."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    TIMED_OUT = "timed_out", "timed out"


class StatusChange(TenantModel):
    """One step in a SIM's life: from, to, why, who, by which face. `batch` ties the SIMs of one call together."""

    sim = models.ForeignKey(
        Sim,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="status_changes",
    )
    from_status = models.CharField(max_length=12, choices=STATUSES)
    to_status = models.CharField(max_length=12, choices=STATUSES)
    reason = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.REQUESTED.value)
    batch = models.UUIDField(default=uuid.uuid4)
    who = models.CharField(max_length=254)
    user_id = models.BigIntegerField(null=True)
    face = models.CharField(max_length=10)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "sim", "-id"], name="status_change_of_sim"),
            models.Index(fields=["organization", "batch"], name="status_change_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} -> {self.to_status}"
