"""How well a model does as the copilot: runs of the suite, what came of each case, and cases people added."""

from django.db import models

from iotsim.core.models import TenantModel


class EvaluationState(models.TextChoices):
    RUNNING = "running", "running"
    DONE = "done", "done"
    STOPPED = "stopped", "stopped"
    FAILED = "failed", "failed"


class EvaluationRun(TenantModel):
    """The suite, asked of one model. Money in US dollars; None when the price is not known.

    `suite_hash` is of the cases that were asked: figures of two runs compare where it is the same.
    """

    model = models.CharField(max_length=120)
    version = models.CharField(max_length=60, blank=True)  # of the product: its release, or the commit
    suite_hash = models.CharField(max_length=12)
    only = models.CharField(max_length=60, blank=True)  # the tag or the name that was asked for
    repeat = models.IntegerField(default=1)
    state = models.CharField(max_length=8, choices=EvaluationState.choices, default=EvaluationState.RUNNING.value)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    passed = models.IntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=254)
    job_id = models.BigIntegerField(null=True)
    error = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now=True)  # of a running one: it lives
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="evaluation_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], name="one_evaluation_at_once", condition=models.Q(state="running")
            )
        ]

    def __str__(self) -> str:
        return f"evaluation {self.pk}: {self.model}, {self.passed} of {self.done}"


class EvaluationCase(TenantModel):
    """What came of one case: the whole conversation, and each assertion with whether it held."""

    run = models.ForeignKey(
        EvaluationRun, on_delete=models.CASCADE, related_name="cases", db_constraint=False, db_index=False
    )
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=40)
    attempt = models.IntegerField(default=1)
    passed = models.BooleanField()
    turns = models.JSONField(default=list)
    input_tokens = models.IntegerField(default=0)
    output_tokens = models.IntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    duration_ms = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "run", "name", "attempt"], name="evaluation_case_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'failed'}"


class AddedCase(TenantModel):
    """A case out of a real conversation: the questions, and which tools the last one must or must not call."""

    name = models.CharField(max_length=120)
    turns = models.JSONField()  # as in the files of the suite
    thread_id = models.BigIntegerField()
    run_id = models.BigIntegerField()
    who = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "run_id"], name="added_case_once")]

    def __str__(self) -> str:
        return self.name
