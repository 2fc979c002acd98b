"""Invitations: how somebody becomes a member. Outside the tenant wall, since whoever accepts is no member yet."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from iotsim.core.models.people import Organization, User
from iotsim.core.roles import Role


class Invitation(models.Model):
    """An invitation of one e-mail address to one organisation; good once, until it expires or is withdrawn.

    Only the SHA-256 of the link's token is kept (see iotsim/core/invitations.py).
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=[(role.value, role.value.capitalize()) for role in Role])
    customer_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    nonce = models.CharField(max_length=32)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="invitation_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                name="invited_once",
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization} as {self.role}"

    @property
    def state(self) -> str:
        """open, accepted, withdrawn or expired."""
        if self.accepted_at:
            return "accepted"
        if self.withdrawn_at:
            return "withdrawn"
        return "expired" if self.expires_at <= timezone.now() else "open"
