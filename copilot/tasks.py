"""The copilot's scheduled work."""

from celery import shared_task

from iotsim.core.models import Organization


@shared_task(name="copilot.follow_decisions")
def follow_decisions() -> int:
    """Go on where everything is decided and nobody heard of it. Answers how many answers were looked at."""
    from copilot.resuming import look_at_all

    return sum(look_at_all(number) for number in Organization.objects.values_list("pk", flat=True))


@shared_task(name="copilot.forget_attachments")
def forget_attachments() -> int:
    """Remove files whose time is over. Answers how many."""
    from copilot.attachments import forget_old

    return forget_old()
