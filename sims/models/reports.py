"""Reports that were asked for: what is in them, how they are made, where the file is and how long it is kept."""

from django.db import models

from iotsim.core.models import TenantModel


class ReportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    JSON = "json", "JSON"
    PDF = "pdf", "PDF"


class Report(TenantModel):
    """Usage of a period in one file. The state before the file is there is that of its job.

    `arguments` are the call's, as given, so that the report can be made again; `customer_ids` are those that its
    maker was limited to (None: the whole fleet). A row with `deleted_at` is hidden at once and its file removed by
    the next sweep.
    """

    title = models.CharField(max_length=160)
    format = models.CharField(max_length=4, choices=ReportFormat.choices)
    per = models.CharField(max_length=4)  # "sim" or "day": what a row stands for
    start_date = models.DateField()
    end_date = models.DateField()
    filters = models.CharField(max_length=500, blank=True)  # in words
    arguments = models.JSONField(default=dict)
    customer_ids = models.JSONField(null=True)
    user_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=254)
    job_id = models.BigIntegerField()
    file = models.FileField(max_length=255, blank=True)
    name = models.CharField(max_length=160)
    size_bytes = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    sims = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    as_of = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "job_id"], name="report_of_job")]
        indexes = [models.Index(fields=["organization", "-id"], name="report_newest")]

    def __str__(self) -> str:
        return self.title
