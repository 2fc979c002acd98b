"""Scheduled work of analytics."""

from celery import shared_task


@shared_task(name="analytics.start_nights")
def start_nights(hour: int = 3) -> int:
    """The night of each organisation whose own clock has come to that hour. Answers how many were started."""
    from analytics.services.nights import start_nights as start

    return start(hour)
