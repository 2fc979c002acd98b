"""Scheduled work of the copilot."""

from celery import shared_task


@shared_task(name="copilot.forget_attachments")
def forget_attachments() -> int:
    """Remove files whose time is over. Answers how many."""
    from copilot.attachments import forget_old

    return forget_old()
