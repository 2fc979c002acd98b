"""Widgets that a person keeps on their dashboard."""

from django.db import models

from iotsim.core.models import TenantModel


class Pin(TenantModel):
    """A service with its arguments, drawn anew whenever it is looked at. `place` orders one person's own."""

    user_id = models.BigIntegerField()
    service = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    title = models.CharField(max_length=120)
    place = models.IntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "user_id", "place"], name="pin_of_person")]

    def __str__(self) -> str:
        return self.title
