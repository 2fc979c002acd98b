"""Scheduled work of analytics."""

from celery import shared_task


@shared_task(name="analytics.start_nights")
def start_nights(hour: int = 3) -> int:
    """The night of each organisation whose own clock has come to that hour. Answers how many were started."""
    from analytics.services.nights import start_nights as start

    return start(hour)


@shared_task(name="analytics.start_trainings")
def start_trainings() -> int:
    """Each organisation's models that were not trained for a week and can be. Answers how many were started."""
    from analytics.services.models import start_trainings as start

    return start()


@shared_task(name="analytics.apply_model")
def apply_model(organization_id: int, version_id: int) -> None:
    """Another version of a model is in use: what it works out is done anew."""
    from analytics.services.models import apply_model as apply

    apply(organization_id, version_id)


@shared_task(name="analytics.look_at_arrivals")
def look_at_arrivals(organization_id: int, *sim_ids: int) -> int:
    """Look at today's use of SIMs that have new records. Answers how many anomalies are new."""
    from analytics.nightly.today import look_at

    return look_at(organization_id, sim_ids)


@shared_task(name="analytics.look_at_last_hour")
def look_at_last_hour() -> int:
    """The same for whatever was seen in the last hour, in each organisation. Answers how many anomalies are new."""
    from analytics.nightly.today import look_at_last_hour as look
    from iotsim.core.models import Organization

    return sum(look(one) for one in Organization.objects.order_by("pk").values_list("pk", flat=True))


@shared_task(name="analytics.refresh_suggestions")
def refresh_suggestions(organization_id: int, number: int) -> int:
    """Work the suggestions of one kind, by its number, out anew. Answers how many there are of it."""
    from analytics.suggesting.following import take

    return take(organization_id, number)
