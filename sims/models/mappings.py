"""What an organisation has settled about files: its own mappings, monthly totals, and its watched folder's files."""

from django.db import models

from iotsim.core.models import TenantModel
from sims.models.fleet import Sim


class UsageMapping(TenantModel):
    """How a file with this header is read: `reading` is a `sims.formats.declared.Reading` as plain JSON.

    `header` are the plain names of the columns in alphabetical order. `carrier` is the number that its record keys
    are kept under; it stays with the header, so that a file read anew by a mended mapping corrects its rows.
    """

    name = models.CharField(max_length=80)
    header = models.JSONField()
    columns = models.JSONField(default=list)  # as the file names them
    reading = models.JSONField()
    carrier = models.SmallIntegerField()
    who = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=models.Q(deleted_at=None), name="usage_mapping_name"
            ),
            models.UniqueConstraint(
                fields=["organization", "carrier"], condition=models.Q(deleted_at=None), name="usage_mapping_carrier"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UsageMonthly(TenantModel):
    """What a vendor says that a SIM used in a calendar month. It counts in the cycle that begins in that month.

    It never becomes days: nobody knows on which days it was. Where days are known too, the greater of both counts.
    """

    carrier = models.SmallIntegerField()
    month = models.DateField()  # its first day
    iccid = models.CharField(max_length=22, blank=True)
    imsi = models.CharField(max_length=15, blank=True)
    sim = models.ForeignKey(
        Sim, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    bytes_up = models.BigIntegerField(default=0)
    bytes_down = models.BigIntegerField(default=0)
    sms = models.IntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True)
    digest = models.BigIntegerField()
    intake_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "carrier", "month", "iccid", "imsi"], name="usage_monthly_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "sim", "month"], name="usage_monthly_of_sim")]

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes in {self.month:%Y-%m}"


class WatchedFile(TenantModel):
    """A file taken from the organisation's watched folder; `settled_at` is when it was moved to done or refused."""

    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    modified_ns = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    job_id = models.BigIntegerField(null=True)
    done = models.BooleanField(default=False)
    note = models.CharField(max_length=1000, blank=True)
    taken_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "sha256"], name="watched_file_content")]

    def __str__(self) -> str:
        return self.name
