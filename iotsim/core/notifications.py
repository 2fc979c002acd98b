"""Telling people: a row for each person, shown under the bell until it was read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from iotsim.core.actor import Actor
from iotsim.core.effects import announce
from iotsim.core.models import Job, JobState, Membership, Notification
from iotsim.core.roles import PERMISSIONS, Permission, Role

MAX_SENTENCE = 500

_pages: dict[str, Callable[[Mapping[str, Any]], str]] = {}


def notify(
    actor_or_organization_id: Actor | int,
    *,
    user_ids: Sequence[int] | None,
    kind: str,
    sentence: str,
    path: str,
    object_id: int | None = None,
) -> None:
    """Tell these people (None: every member who sees the whole organisation), inside the tenant's transaction.

    `path` leads to what it is about. Who is limited to some customers is only told when named in `user_ids`.
    """
    given = actor_or_organization_id
    organization_id = given.organization_id if isinstance(given, Actor) else given
    if user_ids is None:
        members = Membership.objects.filter(organization_id=organization_id, user__is_active=True)
        user_ids = list(members.filter(customer_ids__isnull=True).values_list("user_id", flat=True))
    made = Notification.objects.bulk_create(
        Notification(
            organization_id=organization_id,
            user_id=user_id,
            kind=kind,
            sentence=sentence[:MAX_SENTENCE],
            path=path,
            object_id=object_id,
        )
        for user_id in dict.fromkeys(user_ids)
    )
    announce(organization_id, {"notification": [one.pk for one in made]})


def who_may(organization_id: int, permission: Permission) -> list[int]:
    """The people who have that permission and see all customers."""
    roles = [role.value for role in Role if permission in PERMISSIONS[role]]
    rows = Membership.objects.filter(organization_id=organization_id, user__is_active=True, role__in=roles)
    return list(rows.filter(customer_ids__isnull=True).values_list("user_id", flat=True))


def lead(service: str, page: Callable[[Mapping[str, Any]], str]) -> None:
    """The domain says where the result of a job is seen: `page(result)` is its path."""
    _pages[service] = page


def tell_of_job(job: Job) -> None:
    """Tell whoever asked that their job is over. Inside the tenant's transaction."""
    from iotsim.core.schemas import JobOut

    if job.user_id is None or job.state == JobState.STOPPED:
        return
    page = _pages.get(job.service)
    path = page(job.result) if page and job.result else ""
    notify(
        job.organization_id,
        user_ids=[job.user_id],
        kind="job",
        sentence=JobOut.of(job).sentence,
        path=path,
        object_id=job.pk,
    )
