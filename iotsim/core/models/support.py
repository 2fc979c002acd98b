"""Support: who of the platform's staff acts as which member, why and until when."""

from django.db import models
from django.utils import timezone

from iotsim.core.models.people import Organization, User
from iotsim.core.models.tenant import TenantModel


class Impersonation(models.Model):
    """One of the staff acts as a member of one organisation, for an hour at most. Needed before an actor exists."""

    staff = models.ForeignKey(User, on_delete=models.CASCADE, related_name="impersonations")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["ends_at"], name="impersonation_open", condition=models.Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.staff} as {self.user} in {self.organization}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None or self.ends_at <= timezone.now()


class ImpersonatedWork(TenantModel):
    """What was asked meanwhile and runs later (a job, a run, an approval), so that it carries both names too."""

    impersonation = models.ForeignKey(Impersonation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "object_id"], name="impersonated_work_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
