"""What alerts there are, in words that can be compared."""

from typing import Any

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.models import Alert, AlertRule, Sim


def alerts(organization: Organization, **fields: Any) -> list[Alert]:
    """The alerts that fit, oldest first, with what they are about."""
    with tenant(organization.pk):
        rows = Alert.objects.select_related("sim", "customer", "pool_plan", "intake", "rule")
        return list(rows.filter(**fields).order_by("pk"))


def kinds(organization: Organization, **fields: Any) -> list[tuple[str, str]]:
    """Kind and status of each."""
    return [(one.kind, one.status) for one in alerts(organization, **fields)]


def change_sim(sim: Sim, **fields: Any) -> None:
    with tenant(sim.organization_id):
        Sim.objects.filter(pk=sim.pk).update(**fields)


def change_rule(organization: Organization, key: str, **fields: Any) -> None:
    with tenant(organization.pk):
        assert AlertRule.objects.filter(default_key=key).update(**fields) == 1
