"""Who is told of new alerts: everybody who may see them, of critical ones, in one notification for all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iotsim.core.models import Membership
from iotsim.core.notifications import notify

if TYPE_CHECKING:
    from sims.alerts.raising import Raised


def tell_of(organization_id: int, fresh: "Sequence[Raised]") -> None:
    """Tell each member of the critical ones among the new alerts that they may see."""
    critical = [one for one in fresh if one.severity == "critical"]
    if not critical:
        return
    members = Membership.objects.filter(organization_id=organization_id, user__is_active=True)
    groups: dict[frozenset[int] | None, list[int]] = {}
    for user_id, limit in members.values_list("user_id", "customer_ids"):
        groups.setdefault(None if limit is None else frozenset(limit), []).append(user_id)
    for seen, user_ids in groups.items():
        theirs = [one for one in critical if seen is None or one.customer_id in seen]
        if theirs:
            _tell(organization_id, user_ids, theirs)


def _tell(organization_id: int, user_ids: list[int], alerts: "Sequence[Raised]") -> None:
    if len(alerts) > 1:
        sentence, path = f"{len(alerts):,} new critical alerts.", "/alerts/?severity=critical"
        notify(organization_id, user_ids=user_ids, kind="alert", sentence=sentence, path=path)
        return
    from sims.alerts.words import sentence_of
    from sims.models import Alert

    alert = Alert.objects.select_related("sim", "customer", "pool_plan", "intake", "rule").get(pk=alerts[0].id)
    notify(
        organization_id,
        user_ids=user_ids,
        kind="alert",
        sentence=sentence_of(alert),
        path=f"/alerts/{alert.pk}/",
        object_id=alert.pk,
    )
