"""Usage: files brought in, the records in them, and the sums per SIM and day that everything else reads.

UsageRecord, UsageKey, UsageDaily and UsageHourly are partitioned and written by `sims.intake` in bulk; their tables are
made by migrations 0003 and 0004, without foreign keys: at millions of rows each would be checked one by one, while the
rows come from joins under the tenant's policy anyway.
"""

from django.db import models

from iotsim.core.models import TenantModel
from sims.models.fleet import Operator, Sim

# A record's id is its intake's id and its row in the file, so that a repeated chunk makes the same ids.
ROW_BITS = 28
MAX_ROWS = 1 << ROW_BITS


class Traffic(models.IntegerChoices):
    DATA = 1, "data"
    SMS = 2, "SMS"
    VOICE = 3, "voice"


class Rat(models.IntegerChoices):
    """Radio access, numbered as the RAT-Type of 3GPP TS 29.061 and 29.274."""

    UTRAN = 1, "3G"
    GERAN = 2, "2G"
    WLAN = 3, "Wi-Fi"
    GAN = 4, "GAN"
    HSPA = 5, "HSPA+"
    EUTRAN = 6, "LTE"
    NB_IOT = 8, "NB-IoT"
    LTE_M = 9, "LTE-M"
    NR = 10, "5G"


class IntakeKind(models.TextChoices):
    USAGE = "usage", "usage"
    SIMS = "sims", "SIM inventory"


class IntakeState(models.TextChoices):
    RUNNING = "running", "running"
    DONE = "done", "done"
    REFUSED = "refused", "refused"
    STOPPED = "stopped", "stopped"
    FAILED = "failed", "failed"


class Intake(TenantModel):
    """One file on its way in, and what came of it. The counts are of rows; `first_at` and `last_at` its period."""

    kind = models.CharField(max_length=6, choices=IntakeKind.choices)
    state = models.CharField(max_length=8, choices=IntakeState.choices, default=IntakeState.RUNNING.value)
    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField(default=0)
    upload_id = models.BigIntegerField(null=True)  # none for records that came by the API
    job_id = models.BigIntegerField(null=True)
    format = models.CharField(max_length=20, blank=True)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=254, blank=True)
    rows = models.BigIntegerField(default=0)
    new = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    corrections = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unknown_rows = models.BigIntegerField(default=0)
    unknown_sims = models.IntegerField(default=0)
    attached = models.BigIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    notes = models.JSONField(default=list)  # sentences
    reason = models.CharField(max_length=500, blank=True)  # why it was refused
    header = models.JSONField(default=dict)  # how the file is written: sims.intake.register.Header
    corrects_id = models.BigIntegerField(null=True)  # the import whose refused rows this one brings again
    settled = models.BigIntegerField(default=0)  # refused rows that a later import has brought in
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "job_id"], name="intake_of_job")]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class RefusedRow(TenantModel):
    """A row that could not be taken, with the reason. `row_number` counts the lines of the file from 1."""

    intake = models.ForeignKey(
        Intake, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="refused_rows"
    )
    row_number = models.BigIntegerField()
    column = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300)
    raw_line = models.TextField()  # at most sims.formats.table.LONGEST_LINE characters
    settled_by = models.BigIntegerField(null=True)  # the import that brought the corrected row

    class Meta:
        indexes = [models.Index(fields=["organization", "intake", "row_number"], name="refused_of_intake")]

    def __str__(self) -> str:
        return f"row {self.row_number}: {self.reason}"


class UsageRecord(TenantModel):
    """What a SIM used between `started_at` and `ended_at`. Partitioned by month of `started_at` (UTC).

    `count` is how many sessions, messages or calls the row stands for (0 for the later interims of a session).
    `sim` is null until a SIM with this `iccid` or `imsi` is known. Records of cumulative formats keep the
    vendor's counters, which count from the start of the session `session_key`: `bytes_*` are the growth since
    the record before, where `started_at` stands, and both are worked out anew when a record arrives late.
    A correction keeps the record's id.
    """

    id = models.BigIntegerField(primary_key=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    sim = models.ForeignKey(
        Sim, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    bytes_up = models.BigIntegerField()
    bytes_down = models.BigIntegerField()
    counter_up = models.BigIntegerField(null=True)
    counter_down = models.BigIntegerField(null=True)
    mark_up = models.BigIntegerField(null=True)  # the highest counters of the session up to here
    mark_down = models.BigIntegerField(null=True)
    session_key = models.UUIDField(null=True)
    session_started_at = models.DateTimeField(null=True)
    operator = models.ForeignKey(
        Operator, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    count = models.IntegerField(default=1)
    voice_seconds = models.IntegerField(default=0)
    traffic = models.SmallIntegerField(choices=Traffic.choices)
    rat = models.SmallIntegerField(choices=Rat.choices, null=True)
    cost = models.DecimalField(max_digits=18, decimal_places=6, null=True)  # as the vendor rates it
    currency = models.CharField(max_length=3, blank=True)
    apn = models.CharField(max_length=100, blank=True)
    imei = models.CharField(max_length=15, blank=True)
    network = models.CharField(max_length=80, blank=True)  # as the file names it, when no operator fits
    iccid = models.CharField(max_length=22, blank=True)  # only while no SIM is known
    imsi = models.CharField(max_length=15, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "sim", "started_at"], name="usage_of_sim")]

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes at {self.started_at}"


class UsageKey(TenantModel):
    """That a vendor's row has been taken, and which record it became. Hash-partitioned by `record_key`.

    The key is a hash of the vendor's id or of the mapping's natural key, led by something that grows (its time),
    so that the index grows at its end. `digest` is a hash of the values: equal means the same row again.
    """

    pk = models.CompositePrimaryKey("organization_id", "carrier", "record_key")
    carrier = models.SmallIntegerField()
    record_key = models.UUIDField()
    digest = models.BigIntegerField()
    record_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.record_key)


class UsageDaily(TenantModel):
    """A SIM's sums of one local day of the organisation. Partitioned by quarter. No row: no usage."""

    pk = models.CompositePrimaryKey("organization_id", "sim_id", "day")
    sim = models.ForeignKey(
        Sim, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="usage_daily"
    )
    day = models.DateField()
    bytes_up = models.BigIntegerField(default=0)
    bytes_down = models.BigIntegerField(default=0)
    sessions = models.IntegerField(default=0)
    sms = models.IntegerField(default=0)
    voice_seconds = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes on {self.day}"


class UsageHourly(TenantModel):
    """A SIM's sums of one hour, which begins at `hour` (UTC). Partitioned by month. No row: no usage.

    Hours are kept for a shorter time than days, see `sims.retention`.
    """

    pk = models.CompositePrimaryKey("organization_id", "sim_id", "hour")
    sim = models.ForeignKey(
        Sim, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="usage_hourly"
    )
    hour = models.DateTimeField()
    bytes_up = models.BigIntegerField(default=0)
    bytes_down = models.BigIntegerField(default=0)
    sessions = models.IntegerField(default=0)
    sms = models.IntegerField(default=0)
    voice_seconds = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes from {self.hour}"


class FleetDaily(TenantModel):
    """All SIMs' sums of one local day: what UsageDaily adds up to, written together with it (`sims.intake.rollup`)."""

    pk = models.CompositePrimaryKey("organization_id", "day")
    day = models.DateField()
    bytes_up = models.BigIntegerField(default=0)
    bytes_down = models.BigIntegerField(default=0)
    sessions = models.BigIntegerField(default=0)
    sms = models.BigIntegerField(default=0)
    voice_seconds = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes on {self.day}"


class FleetHourly(TenantModel):
    """The same by hour (UTC): what UsageHourly adds up to. Both stay when the SIMs' own are dropped."""

    pk = models.CompositePrimaryKey("organization_id", "hour")
    hour = models.DateTimeField()
    bytes_up = models.BigIntegerField(default=0)
    bytes_down = models.BigIntegerField(default=0)
    sessions = models.BigIntegerField(default=0)
    sms = models.BigIntegerField(default=0)
    voice_seconds = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bytes_up + self.bytes_down} bytes from {self.hour}"
