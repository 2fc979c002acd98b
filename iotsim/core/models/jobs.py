"""Long work and how far it is."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from iotsim.core.models.tenant import TenantModel


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
    scopes = ArrayField(models.CharField(max_length=20), null=True)  # of the key that asked; None: all of the role
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
