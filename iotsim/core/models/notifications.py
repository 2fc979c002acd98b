"""What the product has to tell one person: shown under the bell until it was read."""

from django.db import models

from iotsim.core.models.tenant import TenantModel


class Notification(TenantModel):
    """One sentence for one person. `path` leads to what it is about; `object_id` is that object's, by `kind`."""

    user_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)  # alert, approval, job, nightly
    sentence = models.CharField(max_length=500)
    path = models.CharField(max_length=300, blank=True)
    object_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "user_id", "-id"], name="notification_of_person"),
            models.Index(
                fields=["organization", "user_id"], name="notification_unread", condition=models.Q(read_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
