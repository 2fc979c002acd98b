"""Files of any origin: own mappings, monthly totals, the watched folder, and refused rows that come again."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


def organization() -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.organization"
    )


def number() -> "models.BigAutoField[int, int]":
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


LIVING = models.Q(("deleted_at", None))


class Migration(migrations.Migration):
    dependencies = [("sims", "0005_alerts")]

    operations = [
        migrations.AddField("intake", "corrects_id", models.BigIntegerField(null=True)),
        migrations.AddField("intake", "header", models.JSONField(default=dict)),
        migrations.AddField("intake", "settled", models.BigIntegerField(default=0)),
        migrations.AlterField("intake", "job_id", models.BigIntegerField(null=True)),
        migrations.AlterField("intake", "upload_id", models.BigIntegerField(null=True)),
        migrations.AddField("refusedrow", "settled_by", models.BigIntegerField(null=True)),
        migrations.AlterField("refusedrow", "raw_line", models.TextField()),
        migrations.CreateModel(
            name="UsageMapping",
            fields=[
                ("id", number()),
                ("name", models.CharField(max_length=80)),
                ("header", models.JSONField()),
                ("columns", models.JSONField(default=list)),
                ("reading", models.JSONField()),
                ("carrier", models.SmallIntegerField()),
                ("who", models.CharField(blank=True, max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("organization", organization()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=LIVING, fields=("organization", "name"), name="usage_mapping_name"
                    ),
                    models.UniqueConstraint(
                        condition=LIVING, fields=("organization", "carrier"), name="usage_mapping_carrier"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="UsageMonthly",
            fields=[
                ("id", number()),
                ("carrier", models.SmallIntegerField()),
                ("month", models.DateField()),
                ("iccid", models.CharField(blank=True, max_length=22)),
                ("imsi", models.CharField(blank=True, max_length=15)),
                ("bytes_up", models.BigIntegerField(default=0)),
                ("bytes_down", models.BigIntegerField(default=0)),
                ("sms", models.IntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("digest", models.BigIntegerField()),
                ("intake_id", models.BigIntegerField()),
                ("organization", organization()),
                (
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sims.sim",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organization", "sim", "month"], name="usage_monthly_of_sim")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "carrier", "month", "iccid", "imsi"), name="usage_monthly_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WatchedFile",
            fields=[
                ("id", number()),
                ("name", models.CharField(max_length=255)),
                ("size_bytes", models.BigIntegerField()),
                ("modified_ns", models.BigIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("job_id", models.BigIntegerField(null=True)),
                ("done", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("taken_at", models.DateTimeField(auto_now_add=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("organization", organization()),
            ],
            options={
                "indexes": [models.Index(fields=["organization", "sha256"], name="watched_file_content")],
            },
        ),
        *tenant_table("sims_usagemapping"),
        *tenant_table("sims_usagemonthly", references={"sim_id": "sims_sim"}),
        *tenant_table("sims_watchedfile"),
    ]
