"""What was said in a run, in one piece, so that conversations can be searched."""

from django.db import models

from copilot.models.runs import Run, Thread
from iotsim.core.models import TenantModel


class RunText(TenantModel):
    """Question and answer of a run that is over. Searched by the function `copilot_said` of migration 0010."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "run"], name="one_text_a_run")]
        indexes = [models.Index(fields=["organization", "thread"], name="text_of_thread")]

    def __str__(self) -> str:
        return f"text of run {self.run_id}"
