"""What waits for a person."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from iotsim.core.models.tenant import TenantModel


class ApprovalState(models.TextChoices):
    PENDING = "pending", "waiting"
    DONE = "done", "approved and done"
    REJECTED = "rejected", "rejected"
    EXPIRED = "expired", "expired"
    STALE = "stale", "overtaken"
    SUPERSEDED = "superseded", "replaced"
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
    scopes = ArrayField(models.CharField(max_length=20), null=True)  # of the key that asked; None: all of the role
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
    replaces_id = models.BigIntegerField(null=True)  # the request that this one was made of: edited, or overtaken
    replaced_by_id = models.BigIntegerField(null=True)
    edited_by = models.CharField(max_length=254, blank=True)  # who gave it other arguments than were asked for
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "state", "-id"], name="approval_by_state"),
            models.Index(
                fields=["organization", "replaced_by_id"],
                name="approval_by_successor",
                condition=models.Q(replaced_by_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} asked by {self.requester}: {self.state}"
