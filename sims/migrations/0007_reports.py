"""Reports: what was asked for and where its file is."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("core", "0005_operations"), ("sims", "0006_mappings")]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=160)),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "Excel"), ("json", "JSON"), ("pdf", "PDF")], max_length=4
                    ),
                ),
                ("per", models.CharField(max_length=4)),
                ("start_date", models.DateField()),
                ("end_date", models.DateField()),
                ("filters", models.CharField(blank=True, max_length=500)),
                ("arguments", models.JSONField(default=dict)),
                ("customer_ids", models.JSONField(null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("who", models.CharField(max_length=254)),
                ("job_id", models.BigIntegerField()),
                ("file", models.FileField(blank=True, max_length=255, upload_to="")),
                ("name", models.CharField(max_length=160)),
                ("size_bytes", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(default=0)),
                ("sims", models.BigIntegerField(default=0)),
                ("bytes_total", models.BigIntegerField(default=0)),
                ("as_of", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="core.organization",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("organization", "job_id"), name="report_of_job")],
                "indexes": [models.Index(fields=["organization", "-id"], name="report_newest")],
            },
        ),
        *tenant_table("sims_report"),
    ]
