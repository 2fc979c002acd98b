"""The base of every table behind the tenant wall."""

from django.db import models

from iotsim.core.models.people import Organization


class TenantModel(models.Model):
    """A row that belongs to one organisation and is hidden from all others by the database itself."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        abstract = True
