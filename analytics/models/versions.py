"""Models as things with a life: versions, metrics, who promoted them."""

from django.db import models

from iotsim.core.models import TenantModel


class Stage(models.TextChoices):
    """A challenger waits to be promoted; the one champion is used; a retired version may be promoted again."""

    CHALLENGER = "challenger", "challenger"
    CHAMPION = "champion", "champion"
    RETIRED = "retired", "retired"


class ModelVersion(TenantModel):
    """One training of a model: what it learned from, how good it was, where it is kept, and its stage.

    `metrics`: on days later than those it learned from. `beside`: the champion's figures on the same days, with its
    number under "version"; empty without a champion. `dataset`: id (a hash of query, ids and days), first_day,
    last_day, rows and what else the trainer counts. `artefact` is kept by STORAGES and loaded only if its SHA-256 is
    still `sha256`. `charts`: drawn on the page, such as the steps of a lift chart.
    """

    model = models.CharField(max_length=40)
    version = models.IntegerField()
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CHALLENGER.value)
    metrics = models.JSONField(default=dict)
    beside = models.JSONField(default=dict)
    parameters = models.JSONField(default=dict)
    features = models.JSONField(default=list)
    dataset = models.JSONField(default=dict)
    charts = models.JSONField(default=dict)
    artefact = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    mlflow_run_id = models.CharField(max_length=64, blank=True)
    job_id = models.BigIntegerField(null=True)
    seconds = models.FloatField(default=0)
    trained_at = models.DateTimeField()
    trained_by = models.CharField(max_length=254)
    promoted_at = models.DateTimeField(null=True)
    promoted_by = models.CharField(max_length=254, blank=True)
    retired_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "model", "version"], name="version_of_model"),
            models.UniqueConstraint(fields=["organization", "job_id"], name="version_of_job"),
            models.UniqueConstraint(
                fields=["organization", "model"], name="one_champion", condition=models.Q(stage="champion")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.version}: {self.stage}"
