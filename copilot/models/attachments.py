"""Files that people give to the copilot, and the SIMs that they name."""

from django.db import models

from copilot.models.runs import Run, Thread
from iotsim.core.models import TenantModel


class AttachmentKind(models.TextChoices):
    SIMS = "sims", "a list of SIMs"
    USAGE = "usage", "usage records"
    PHOTO = "photo", "a photo"
    OTHER = "other", "something else"


class Attachment(TenantModel):
    """A file of one person. Without a run it waits in the composer; with one it came with that question.

    `iccids` are the SIMs it named when it was read; who acts on them later sees only those that are still theirs.
    `facts` is what its card shows: the column, the values that named nothing with their rows, the codes of a photo.
    """

    user_id = models.BigIntegerField()
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, null=True, db_constraint=False, db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, db_constraint=False, db_index=False)
    upload_id = models.BigIntegerField(null=True)  # the file itself; None once it is gone
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=AttachmentKind.choices)
    sentence = models.TextField(blank=True)
    rows = models.IntegerField(default=0)
    known = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)
    iccids = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "user_id", "run"], name="attachment_of_person"),
            models.Index(fields=["organization", "thread"], name="attachment_of_thread"),
            models.Index(fields=["organization", "created_at"], name="attachment_by_age"),
        ]

    def __str__(self) -> str:
        return self.name
