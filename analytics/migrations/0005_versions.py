import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_churn")]
    operations = [
        migrations.CreateModel(
            name="ModelVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=40)),
                ("version", models.IntegerField()),
                (
                    "stage",
                    models.CharField(
                        choices=[("challenger", "challenger"), ("champion", "champion"), ("retired", "retired")],
                        default="challenger",
                        max_length=10,
                    ),
                ),
                ("metrics", models.JSONField(default=dict)),
                ("beside", models.JSONField(default=dict)),
                ("parameters", models.JSONField(default=dict)),
                ("features", models.JSONField(default=list)),
                ("dataset", models.JSONField(default=dict)),
                ("charts", models.JSONField(default=dict)),
                ("artefact", models.CharField(max_length=300)),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("mlflow_run_id", models.CharField(blank=True, max_length=64)),
                ("job_id", models.BigIntegerField(null=True)),
                ("seconds", models.FloatField(default=0)),
                ("trained_at", models.DateTimeField()),
                ("trained_by", models.CharField(max_length=254)),
                ("promoted_at", models.DateTimeField(null=True)),
                ("promoted_by", models.CharField(blank=True, max_length=254)),
                ("retired_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "model", "version"), name="version_of_model"),
                    models.UniqueConstraint(fields=("organization", "job_id"), name="version_of_job"),
                    models.UniqueConstraint(
                        condition=models.Q(("stage", "champion")), fields=("organization", "model"), name="one_champion"
                    ),
                ],
            },
        ),
        *tenant_table("analytics_modelversion"),
    ]
