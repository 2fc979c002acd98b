"""The platform's tasks: running jobs, sending again what got lost, and keeping its own tables small."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from iotsim.core import expiry, invitations, jobs, keys, mail, metrics, support
from iotsim.core.models import IdempotencyKey, Organization
from iotsim.core.tenancy import tenant

KEEP_KEYS = timedelta(days=2)


@shared_task(name=jobs.TASK)
def run_job(organization_id: int, job_id: int) -> str:
    return jobs.run_job(organization_id, job_id)


@shared_task(name="iotsim.sweep_jobs")
def sweep_jobs() -> int:
    metrics.note_time(metrics.SWEPT_AT)
    return jobs.sweep_jobs()


@shared_task(name="iotsim.expire_approvals")
def expire_approvals() -> int:
    """End the requests whose time is over and remind of those whose time is short. Answers how many ended."""
    ended = 0
    for organization_id in Organization.objects.values_list("pk", flat=True):
        with tenant(organization_id):
            ended += expiry.expire(organization_id)
            expiry.remind(organization_id)
    return ended


@shared_task(name="iotsim.mark_key_used")
def mark_key_used(key_id: int) -> None:
    keys.mark_key_used(key_id)


@shared_task(name="iotsim.end_impersonations")
def end_impersonations() -> int:
    return support.end_impersonations()


@shared_task(name=invitations.MAIL_TASK, autoretry_for=(OSError,), retry_backoff=30, max_retries=6)
def mail_invitation(invitation_id: int) -> None:
    mail.mail_invitation(invitation_id)


@shared_task(name="iotsim.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Clients repeat a call within minutes; two days are kept."""
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEEP_KEYS)
    return old.delete()[0]
