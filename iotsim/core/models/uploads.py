"""Files that somebody brought."""

from django.db import models

from iotsim.core.models.tenant import TenantModel


class Upload(TenantModel):
    """A file that somebody brought; services take its id, never a path."""

    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to="uploads/%Y/%m/", max_length=255)
    user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
