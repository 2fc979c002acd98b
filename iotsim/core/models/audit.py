"""What was done or refused."""

from django.db import models

from iotsim.core.models.tenant import TenantModel


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
