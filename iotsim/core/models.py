"""The platform's own tables: who exists, who may, what was done, what waits.

Organization, User, Membership, ApiKey and IdempotencyKey are needed before an actor exists and so stand
outside the tenant wall. Everything that inherits TenantModel stands behind it.
"""

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from iotsim.core.roles import Role


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a time zone of the IANA database, such as Europe/Berlin.")


class Organization(models.Model):
    """A tenant. `time_zone` decides where its days begin; `currency` is ISO 4217."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=60, default="UTC", validators=[check_time_zone])
    currency = models.CharField(max_length=3, default="EUR")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class PeopleManager(UserManager["User"]):
    """Creates users by e-mail alone; there are no user names here."""

    def _create_user_object(
        self,
        username: str,
        email: str | None,
        password: str | None,
        **extra_fields: Any,
    ) -> "User":
        user = self.model(email=self.normalize_email(email or username).lower(), **extra_fields)
        user.set_password(password)
        return user

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **extra_fields: Any
    ) -> "User":
        user = self._create_user_object(email, email, password, **extra_fields)
        user.save(using=self._db)
        return user

    def create_superuser(  # type: ignore[override]
        self, email: str, password: str | None = None, **extra_fields: Any
    ) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra_fields)


class User(AbstractUser):
    """A person, known by e-mail, a member of any number of organisations."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A person's role in an organisation, perhaps limited to some of its customers (None: all)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value.capitalize()) for role in Role])
    customer_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} as {self.role}"


class ApiKey(models.Model):
    """A key of a membership. Only the SHA-256 of its secret is kept; `scopes` are permissions."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"iot_{self.prefix}_..."


class IdempotencyKey(models.Model):
    """A client's key for one call, so that a repeated call is answered and not repeated."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    service = models.CharField(max_length=80)
    arguments_hash = models.CharField(max_length=64)
    outcome = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class TenantModel(models.Model):
    """A row that belongs to one organisation and is hidden from all others by the database itself."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        abstract = True


class Upload(TenantModel):
    """A file that somebody brought; services take its id, never a path."""

    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to="uploads/%Y/%m/", max_length=255)
    user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class ApprovalState(models.TextChoices):
    PENDING = "pending", "waiting"
    DONE = "done", "approved and done"
    REJECTED = "rejected", "rejected"
    EXPIRED = "expired", "expired"
    STALE = "stale", "overtaken"
    FAILED = "failed", "failed"


class Approval(TenantModel):
    """A machine's call that waits for a person, with the facts it was proposed on."""

    service = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    arguments_hash = models.CharField(max_length=64)
    proposal = models.JSONField(null=True)
    why = models.CharField(max_length=300)
    state = models.CharField(
        max_length=12,
        choices=ApprovalState.choices,
        default=ApprovalState.PENDING.value,
    )
    requester_user_id = models.BigIntegerField(null=True)
    requester = models.CharField(max_length=254)
    requester_face = models.CharField(max_length=10)
    run_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254, blank=True)
    decided_by_user_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    outcome = models.JSONField(null=True)
    error = models.CharField(max_length=500, blank=True)
    event_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "state", "-id"], name="approval_by_state")]

    def __str__(self) -> str:
        return f"{self.service} asked by {self.requester}: {self.state}"


class AuditEvent(TenantModel):
    """What was done or refused. Append-only: the database itself refuses UPDATE and DELETE."""

    at = models.DateTimeField(auto_now_add=True)
    service = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    outcome = models.CharField(max_length=12)  # done | denied | failed | waiting
    sentence = models.TextField(blank=True)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=254)
    role = models.CharField(max_length=20)
    face = models.CharField(max_length=10)
    approved_by = models.CharField(max_length=254, blank=True)
    approval_id = models.BigIntegerField(null=True)
    job_id = models.BigIntegerField(null=True)
    undo = models.JSONField(null=True)  # {"service", "arguments"} of the inverse call
    undoes = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    run_id = models.CharField(max_length=64, blank=True)
    duration_ms = models.IntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="audit_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "undoes"],
                name="undone_once",
                condition=models.Q(undoes__isnull=False, outcome="done"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.service} ({self.outcome})"


class AuditSubject(TenantModel):
    """Which objects an audit event was about, so that an object's history is one index range."""

    event = models.ForeignKey(AuditEvent, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "kind", "object_id", "-event"],
                name="audit_of_object",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class JobState(models.TextChoices):
    QUEUED = "queued", "waiting to start"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    STOPPED = "stopped", "stopped"


class Job(TenantModel):
    """Long work asked of a service: its arguments, who asked, how far it is and what came of it."""

    service = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED.value)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=254)
    face = models.CharField(max_length=10)
    approved_by = models.CharField(max_length=254, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    note = models.CharField(max_length=300, blank=True)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    stop_asked = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    worker = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "state", "-id"], name="job_by_state")]

    def __str__(self) -> str:
        return f"{self.service} #{self.pk}: {self.state}"
