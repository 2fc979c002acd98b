"""The organisation in which the suite is asked: one for each organisation that evaluates, emptied before and after."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from copilot import stream
from copilot.evaluation.cases import Case
from copilot.models import QueuedRun, Thread
from iotsim.core import registry, sandbox
from iotsim.core.actor import Actor, Face
from iotsim.core.models import AuditEvent, Membership, Organization, TenantModel, User
from iotsim.core.roles import Role
from iotsim.core.tenancy import tenant

DOMAIN = "evaluation.invalid"  # of the people who ask: no mail can ever reach them
ALSO_EMPTIED = ("core_notification", "core_approval", "core_job")


class Sandbox:
    """An organisation beside the real one. Real organisations are never touched."""

    def __init__(self, of: Organization) -> None:
        values = {"name": f"Evaluation of {of.name}"[:120], "time_zone": of.time_zone, "currency": of.currency}
        slug = f"{sandbox.PREFIX}{of.pk}"
        self.organization, _ = Organization.objects.update_or_create(slug=slug, defaults=values)
        self._seen = -1  # the newest audit event when the fleet was made
        self._extra: list[dict[str, Any]] = []

    @contextmanager
    def person_for(self, case: Case) -> Iterator[Actor]:
        """Somebody in the case's role before an untouched fleet, for as long as the case lasts."""
        self._make_fleet(case)
        user = User.objects.create_user(f"case-{uuid.uuid4().hex}@{DOMAIN}")
        membership = Membership.objects.create(user=user, organization=self.organization, role=Role(case.role).value)
        try:
            yield Actor.for_membership(membership, face=Face.WEB)
        finally:
            user.delete()

    def _make_fleet(self, case: Case) -> None:
        """Anew only where the case before may have changed it: that takes a tenth of a second."""
        if self._seen >= 0 and not case.sims and not self._extra and not self._changed():
            return
        self.clear()
        sandbox.make_fleet(self.organization, case.sims)
        self._extra = case.sims
        with tenant(self.organization.pk):
            self._seen = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def _changed(self) -> bool:
        return bool(changes_since(self.organization.pk, self._seen))

    def clear(self) -> None:
        """Delete the fleet, the conversations, approvals and jobs. The audit log cannot be deleted, and stays."""
        with tenant(self.organization.pk):
            threads = list(Thread.objects.values_list("pk", flat=True))
        sandbox.empty(self.organization)
        QueuedRun.objects.filter(organization_id=self.organization.pk).delete()
        with tenant(self.organization.pk), connection.cursor() as cursor:
            for table in (*_own_tables(), *ALSO_EMPTIED):
                cursor.execute(f"DELETE FROM {table} WHERE organization_id = %s", [self.organization.pk])  # noqa: S608
        for thread in threads:
            stream.forget(self.organization.pk, thread)
        self._seen = -1

    def close(self) -> None:
        """Leave nothing that could be looked at: no fleet, no conversation, nobody who could sign in."""
        self.clear()
        User.objects.filter(memberships__organization=self.organization, email__endswith=f"@{DOMAIN}").delete()


def changes_since(organization_id: int, event_id: int, *, run: str = "") -> list[str]:
    """The services that have changed something since that audit event."""
    with tenant(organization_id, read_only=True):
        rows = AuditEvent.objects.filter(pk__gt=event_id, outcome="done")
        names = (rows.filter(run_id=run) if run else rows).order_by("pk").values_list("service", flat=True)
        return [name for name in names if not registry.get(name).is_read]


def _own_tables() -> list[str]:
    """The copilot's tables in which the application may delete."""
    models = apps.get_app_config("copilot").get_models()
    tables = [one._meta.db_table for one in models if issubclass(one, TenantModel)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT t FROM unnest(%s::text[]) AS t WHERE has_table_privilege(t, 'DELETE')", [tables])
        return [name for (name,) in cursor.fetchall()]
