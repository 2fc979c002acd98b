"""Long work: a Job row says what is asked; a Celery worker takes it under a lease and runs it.

A call of a job service writes the row in the caller's transaction and sends its id after commit. A worker
holds the job while its lease lasts; each checkpoint is written in the transaction of the work itself and
only by the holder, so that a job taken over after a crash neither loses nor doubles anything.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from pydantic import BaseModel

from iotsim.core import impersonation, metrics
from iotsim.core.actor import Actor, Face
from iotsim.core.effects import announce
from iotsim.core.errors import Denied, IotsimError
from iotsim.core.models import Job, JobState, Membership, Organization
from iotsim.core.notifications import tell_of_job
from iotsim.core.roles import names_of, scopes_of
from iotsim.core.schemas import JobOut, kept
from iotsim.core.tenancy import tenant

if TYPE_CHECKING:
    from iotsim.core.registry import Service

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 10
MAX_ATTEMPTS = 5
TASK = "iotsim.run_job"


class LeaseLost(RuntimeError):
    """Another worker has taken the job over; this one must stop without a trace."""


class Stopped(Exception):
    """Somebody asked the job to stop, and it did, between two steps."""


def enqueue(
    service: "Service[..., Any]",
    actor: Actor,
    arguments: BaseModel,
    *,
    approved_by: str = "",
) -> JobOut:
    """Write the job in the open transaction; a worker hears of it after commit."""
    row = Job.objects.create(
        organization_id=actor.organization_id,
        service=service.name,
        arguments=arguments.model_dump(mode="json", exclude_unset=True),
        user_id=actor.user_id,
        who=actor.name,
        face=actor.face.value,
        scopes=names_of(actor.scopes),
        approved_by=approved_by,
    )
    impersonation.remember(actor, "job", row.pk)
    transaction.on_commit(lambda: send(row.organization_id, row.pk))
    announce(actor.organization_id, {"job": [row.pk]})
    return JobOut.of(row)


def noted(job: JobOut, note: str) -> JobOut:
    """The job with its first note: what it is about, until it tells how far it is."""
    row = Job.objects.get(pk=job.id)
    row.note = note[:300]
    row.save(update_fields=["note"])
    return JobOut.of(row)


def send(organization_id: int, job_id: int) -> None:
    """Tell the workers. When the broker is away the sweep sends it later, so nothing is lost."""
    send_task(TASK, organization_id, job_id)


def send_task(name: str, *args: int) -> None:
    """Queue a task by name; a broker that is away is logged, never an error of the caller."""
    try:
        current_app.send_task(name, args=args, retry=False)
    except OperationalError as error:  # what kombu makes of every failure to reach the broker
        log.warning("task_not_sent", task=name, arguments=args, error=str(error))


def sweep_jobs() -> int:
    """Send again what was never taken or whose worker died. Returns how many."""
    sent = 0
    for organization_id in Organization.objects.values_list("pk", flat=True):
        with tenant(organization_id, read_only=True):
            waiting = _takeable().filter(created_at__lt=timezone.now() - LEASE)
            stale = list(waiting.values_list("pk", flat=True))
        for job_id in stale:
            send(organization_id, job_id)
        sent += len(stale)
    return sent


def run_job(organization_id: int, job_id: int) -> str:
    """Take the job if it is free and run it to its end, in this process. Returns its state afterwards."""
    job = _take(organization_id, job_id)
    if job is None:
        return "not free"
    running = RunningJob(job)
    try:
        with running.held():
            result = _work(job, running)
    except LeaseLost:
        log.warning("job_lease_lost", job=job_id)
        return "lost"
    except Stopped:
        return _finish(running, JobState.STOPPED)
    except IotsimError as error:
        return _finish(running, JobState.FAILED, error=error.sentence)
    except Exception:
        _finish(running, JobState.FAILED, error=_unexpected(job_id))
        raise
    return _finish(running, JobState.DONE, result=kept(result))


def _unexpected(job_id: int) -> str:
    return f"Job {job_id} broke down on an error of ours. What it had finished is kept; the log has the details."


def _takeable() -> Any:
    expired = Q(state=JobState.RUNNING, lease_until__lt=timezone.now())
    return Job.objects.filter(Q(state=JobState.QUEUED) | expired)


def _take(organization_id: int, job_id: int) -> Job | None:
    with tenant(organization_id):
        job: Job | None = _takeable().select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return None
        job.attempts += 1
        job.worker = str(uuid.uuid4())
        job.state = JobState.RUNNING.value
        job.started_at = job.started_at or timezone.now()
        job.lease_until = timezone.now() + LEASE
        if job.attempts > MAX_ATTEMPTS:
            job.state, job.finished_at = JobState.FAILED.value, timezone.now()
            job.error = f"Job {job_id} was started {MAX_ATTEMPTS} times and its worker died each time."
        job.save()
        announce(organization_id, {"job": [job_id]})
    return job if job.state == JobState.RUNNING else None


def _work(job: Job, running: "RunningJob") -> BaseModel:
    from iotsim.core import registry

    service = registry.get(job.service)
    actor = _actor_of(job)
    actor.require(service.permission, doing=f'use "{service.title}"')
    arguments = service.validate(job.arguments)
    plain = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    result: BaseModel = service.function(actor, **plain, job=running)
    return result


def _actor_of(job: Job) -> Actor:
    """Whoever asked, with the rights they have now, and no more than the key had that asked."""
    if job.user_id is None:
        return Actor.system(Organization.objects.get(pk=job.organization_id))
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(
            organization_id=job.organization_id,
            user_id=job.user_id,
            user__is_active=True,
        )
        .first()
    )
    if membership is None:
        raise Denied(f"{job.who}, who asked for this, is no longer a member.")
    actor = Actor.for_membership(membership, face=Face(job.face), scopes=scopes_of(job.scopes))
    return impersonation.carried(actor, "job", job.pk)


def _finish(running: "RunningJob", state: JobState, **fields: Any) -> str:
    with tenant(running.organization_id):
        mine = Job.objects.filter(pk=running.id, worker=running.worker)
        if mine.update(state=state.value, finished_at=timezone.now(), lease_until=None, **fields):
            tell_of_job(Job.objects.get(pk=running.id))
        metrics.count(metrics.JOBS, service=running.service, state=state.value)
        metrics.count(metrics.JOB_SECONDS, time.monotonic() - running.since, service=running.service)
        announce(running.organization_id, {"job": [running.id]})
    return state.value


class RunningJob:
    """What a job service's function holds of its job: progress, checkpoints, the wish to stop."""

    def __init__(self, job: Job) -> None:
        self.id = job.pk
        self.organization_id = job.organization_id
        self.service = job.service
        self.since = time.monotonic()
        self.worker = job.worker
        self.who = job.who
        self.user_id = job.user_id
        self.face = job.face
        self.state: dict[str, Any] = dict(job.checkpoint)
        self._lost = threading.Event()

    def progress(self, *, done: int, total: int | None = None, note: str = "") -> None:
        """Show how far it is. Raises Stopped when somebody asked for it, LeaseLost when taken over."""
        with tenant(self.organization_id):
            self._update(done=done, total=total, note=note[:300])
            announce(self.organization_id, {"job": [self.id]})
            stop = Job.objects.filter(pk=self.id).values_list("stop_asked", flat=True).get()
        if stop:
            raise Stopped

    def checkpoint(self, state: dict[str, Any], *, done: int, total: int | None = None) -> None:
        """Keep `state` (plain JSON) in the transaction that is open: both commit, or neither."""
        if not connection.in_atomic_block:
            raise RuntimeError("a checkpoint belongs into the transaction of the work it stands for")
        self._update(checkpoint=state, done=done, total=total)
        self.state = state

    def _update(self, **fields: Any) -> None:
        mine = Job.objects.filter(pk=self.id, worker=self.worker, state=JobState.RUNNING)
        if self._lost.is_set() or not mine.update(lease_until=timezone.now() + LEASE, **fields):
            raise LeaseLost(f"job {self.id}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the lease alive from a thread of its own while a long step runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(over,), name=f"job-{self.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, over: threading.Event) -> None:
        try:
            while not over.wait(HEARTBEAT_SECONDS):
                with tenant(self.organization_id):
                    mine = Job.objects.filter(pk=self.id, worker=self.worker, state=JobState.RUNNING)
                    if not mine.update(lease_until=timezone.now() + LEASE):
                        self._lost.set()
                        return
        finally:
            connection.close()
