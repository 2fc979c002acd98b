"""What the copilot offered to do and nobody has done yet, kept with the conversation."""

from django.db import models

from copilot.models.runs import Run, Thread
from iotsim.core.models import TenantModel


class OfferState(models.TextChoices):
    OPEN = "open", "open"
    TAKEN = "taken", "taken"
    WITHDRAWN = "withdrawn", "declined"
    EXPIRED = "expired", "out of date"


class OfferSource(models.TextChoices):
    SERVICE = "service", "a service's answer"
    MODEL = "model", "a model's own words"


class KeptOffer(TenantModel):
    """A call held ready: which service, its exact arguments, and what a button says of it.

    `digest` is that of the proposal when it was offered: it is not taken when the facts have moved. `number` counts the
    offers of one answer ("do the second one").
    """

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    number = models.IntegerField()
    service = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    words = models.CharField(max_length=200)
    source = models.CharField(max_length=10, choices=OfferSource.choices, default=OfferSource.SERVICE.value)
    digest = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=OfferState.choices, default=OfferState.OPEN.value)
    settled_run_id = models.BigIntegerField(null=True)  # the run that carries it out, or heard that it is declined
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "thread"], name="offer_open", condition=models.Q(state="open")),
            models.Index(
                fields=["organization", "settled_run_id"],
                name="offer_settled",
                condition=models.Q(settled_run_id__isnull=False),
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["organization", "run", "number"], name="offer_once")]

    def __str__(self) -> str:
        return f"{self.words}: {self.state}"
