"""What asking models took: a row for each model call, reserved before it and settled after it."""

from typing import Final

from django.db import models

from iotsim.core.models import TenantModel


class ModelCallState(models.TextChoices):
    RESERVED = "reserved", "under way"
    DONE = "done", "done"
    FAILED = "failed", "failed"


PURPOSES: Final = [(one, one) for one in ("answer", "summary", "photo")]


class ModelCall(TenantModel):
    """One call of a model. Money in US dollars.

    While it is under way `reserved` is the most that it may cost (None: the model's price is not known), and the tokens
    are the most that it may take. Afterwards `cost` and the tokens are what it took; `estimated` where the provider did
    not say, as for an answer that was broken off. `cached_tokens` are those of the input that the provider had kept.
    `purpose` "photo" is the text of a photo, read for a run.
    `run_id`, `thread_id` and `user_id` are plain numbers: what was spent outlives the conversation.
    """

    run_id = models.BigIntegerField()
    thread_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    step = models.IntegerField()  # of the run; 0 for what is no answer of it
    purpose = models.CharField(max_length=8, default="answer", choices=PURPOSES)
    model = models.CharField(max_length=120)
    provider = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=ModelCallState.choices, default=ModelCallState.RESERVED.value)
    reserved = models.DecimalField(max_digits=15, decimal_places=9, null=True)
    cost = models.DecimalField(max_digits=15, decimal_places=9, null=True)
    estimated = models.BooleanField(default=False)
    input_tokens = models.IntegerField(default=0)
    cached_tokens = models.IntegerField(default=0)
    output_tokens = models.IntegerField(default=0)
    first_token_ms = models.IntegerField(null=True)
    duration_ms = models.IntegerField(null=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "created_at"], name="model_call_by_day"),
            models.Index(fields=["organization", "run_id", "id"], name="model_call_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.model} for run {self.run_id}: {self.state}"
