"""How programs that speak AG-UI call our conversations and runs: they make up their own ids, we keep which is meant."""

from django.db import models

from copilot.models.runs import Run, Thread
from iotsim.core.models import TenantModel

MOST_ID_CHARS = 200


class ClientThread(TenantModel):
    """A program's id for a conversation of one person. Nobody else's id can meet it."""

    user_id = models.BigIntegerField()
    client_id = models.CharField(max_length=MOST_ID_CHARS)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user_id", "client_id"], name="client_thread_once")
        ]
        indexes = [models.Index(fields=["organization", "thread"], name="client_thread_of")]

    def __str__(self) -> str:
        return self.client_id


class ClientRun(TenantModel):
    """A program's id for a run, by which a repeated request is known; `message_id` is its id for the question."""

    user_id = models.BigIntegerField()
    client_id = models.CharField(max_length=MOST_ID_CHARS)
    message_id = models.CharField(max_length=MOST_ID_CHARS, blank=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user_id", "client_id"], name="client_run_once")]
        indexes = [models.Index(fields=["organization", "run"], name="client_run_of")]

    def __str__(self) -> str:
        return self.client_id
