"""What is remembered with a conversation beside its events: the summary of its beginning, and what masks stand for."""

from django.db import models

from copilot.models.runs import Thread
from iotsim.core.models import TenantModel


class ThreadMemory(TenantModel):
    """One row a conversation that a real model answered.

    `summary` tells the turns up to the question `covers` (the id of its message); it was written by a model about text
    that may come from outside. `placeholders` maps kinds to the values that were masked, in the order of their numbers:
    {"ICCID": ["8949..."]} is [ICCID_1].
    """

    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="memory", db_constraint=False, db_index=False
    )
    summary = models.TextField(blank=True)
    covers = models.CharField(max_length=40, blank=True)
    placeholders = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "thread memories"
        constraints = [models.UniqueConstraint(fields=["organization", "thread"], name="memory_once")]

    def __str__(self) -> str:
        return f"conversation {self.thread_id}"
