"""The copilot's tables: conversations, their runs, the events of each run, and the ledger of tool calls.

All stand behind the tenant wall but `QueuedRun`: the runner must find work before it knows an organisation, so the
queue holds ids and leases only, and one indexed query serves any number of organisations.
"""

from typing import Final

from django.db import models

from iotsim.core.models import TenantModel

ACTIVE: Final = ("queued", "running")


class Thread(TenantModel):
    """A conversation of one person. `last_seq` is the number of its newest event while no run is active.

    `head_id` is the newest run of the branch that is shown. `shared_at`: everybody in the organisation may read it.
    """

    user_id = models.BigIntegerField()
    title = models.CharField(max_length=120, blank=True)
    last_seq = models.BigIntegerField(default=0)
    head_id = models.BigIntegerField(null=True)
    pinned_at = models.DateTimeField(null=True)
    shared_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "user_id", "-updated_at"], name="thread_newest"),
            models.Index(
                fields=["organization", "-shared_at"], name="thread_shared", condition=models.Q(shared_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"conversation {self.pk}"


class RunState(models.TextChoices):
    QUEUED = "queued", "waiting to start"
    RUNNING = "running", "answering"
    WAITING = "waiting", "waiting for a decision"
    DONE = "done", "done"
    STOPPED = "stopped", "stopped"
    FAILED = "failed", "failed"


class Run(TenantModel):
    """One question and what the copilot does about it. Money in US dollars; None when the price is not known.

    `parent_id` is the run before it in its branch of the conversation.
    """

    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="runs", db_constraint=False, db_index=False
    )
    parent_id = models.BigIntegerField(null=True)
    question = models.TextField()
    context = models.JSONField(default=dict)  # what the person had before them (iotsim/core/page_context.py)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED.value)
    stop_asked = models.BooleanField(default=False)
    worker = models.CharField(max_length=36, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    scopes = models.JSONField(null=True)  # of the API key that asked; None: a person, with all of the role
    key_id = models.BigIntegerField(null=True)
    resumes = models.BigIntegerField(null=True)  # the run after whose decisions this one goes on
    traceparent = models.CharField(max_length=55, blank=True)  # of whoever asked; once it runs, the run's own span
    first_seq = models.BigIntegerField()
    model = models.CharField(max_length=120, blank=True)
    input_tokens = models.IntegerField(default=0)
    output_tokens = models.IntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "thread", "id"], name="run_of_thread"),
            models.Index(fields=["organization", "created_at"], name="run_by_day"),
            models.Index(fields=["organization", "id"], name="run_waiting", condition=models.Q(state="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "thread"],
                name="one_active_run_a_thread",
                condition=models.Q(state__in=ACTIVE),
            ),
            models.UniqueConstraint(
                fields=["organization", "resumes"], name="run_resumed_once", condition=models.Q(resumes__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.state}"


class RunEvent(TenantModel):
    """An AG-UI event as JSON. Text that streamed in pieces is kept as one event over `first_seq`..`seq`."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    first_seq = models.BigIntegerField()
    seq = models.BigIntegerField()
    payload = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "thread", "seq"], name="event_once")]

    def __str__(self) -> str:
        return f"{self.payload.get('type')} #{self.seq}"


class CallState(models.TextChoices):
    PROPOSED = "proposed", "proposed"
    EXECUTING = "executing", "running"
    AWAITING_APPROVAL = "awaiting_approval", "waiting for approval"
    APPROVED = "approved", "approved"
    DENIED = "denied", "denied"
    EXPIRED = "expired", "expired"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


class ToolCall(TenantModel):
    """A tool call that a model asked for. Its state moves under a row lock, so that it runs at most once."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="calls", db_constraint=False, db_index=False)
    tool_call_id = models.CharField(max_length=64)
    name = models.CharField(max_length=80)
    arguments = models.TextField(blank=True)  # as the model wrote them, readable or not
    state = models.CharField(max_length=20, choices=CallState.choices, default=CallState.PROPOSED.value)
    approval_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField(null=True)  # the audit event of the call
    sentence = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "run", "tool_call_id"], name="tool_call_once")]
        indexes = [
            models.Index(
                fields=["organization", "approval_id"],
                name="call_by_approval",
                condition=models.Q(approval_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class QueuedRun(models.Model):
    """A run that waits for a runner, or is held by one until `lease_until`. A platform table: ids only."""

    organization_id = models.BigIntegerField()
    run_id = models.BigIntegerField(unique=True)
    worker = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["lease_until", "id"], name="queue_by_lease")]

    def __str__(self) -> str:
        return f"run {self.run_id} of organisation {self.organization_id}"
