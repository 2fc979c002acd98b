"""What people think of the copilot's answers."""

from django.db import models

from copilot.models.runs import Run
from iotsim.core.models import TenantModel


class Verdict(models.TextChoices):
    UP = "up", "good"
    DOWN = "down", "bad"


class Feedback(TenantModel):
    """One person's verdict on one answer, with question and answer as they read then: kept for evaluations."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="feedback", db_constraint=False, db_index=False)
    user_id = models.BigIntegerField()
    verdict = models.CharField(max_length=4, choices=Verdict.choices)
    comment = models.CharField(max_length=1000, blank=True)
    question = models.TextField()
    answer = models.TextField()
    model = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "run", "user_id"], name="one_verdict_each")]

    def __str__(self) -> str:
        return f"run {self.run_id}: {self.verdict}"
