import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from analytics.models.forecasts import RealField
from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0005_operations"),
        ("sims", "0007_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupForecast",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("as_of", models.DateTimeField()),
                ("first_day", models.DateField()),
                ("cycle_start_date", models.DateField()),
                ("cycle_end_date", models.DateField()),
                ("used_bytes", models.BigIntegerField()),
                ("quota_bytes", models.BigIntegerField(null=True)),
                ("cycle_p10_bytes", models.BigIntegerField()),
                ("cycle_p50_bytes", models.BigIntegerField()),
                ("cycle_p90_bytes", models.BigIntegerField()),
                ("month_p10_bytes", models.BigIntegerField()),
                ("month_p50_bytes", models.BigIntegerField()),
                ("month_p90_bytes", models.BigIntegerField()),
                ("exhausts_on", models.DateField(null=True)),
                ("exhausts_probability", models.FloatField(null=True)),
                ("history_days", models.SmallIntegerField()),
                ("is_prior", models.BooleanField(default=False)),
                ("tier", models.SmallIntegerField(default=0)),
                ("model", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=40)),
                ("days_p10", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("days_p50", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("days_p90", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("scope", models.CharField(max_length=8)),
                ("customer_id", models.BigIntegerField(default=0)),
                ("plan_id", models.BigIntegerField(default=0)),
                ("sims", models.IntegerField()),
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
                    models.UniqueConstraint(
                        fields=("organization", "scope", "customer_id", "plan_id"), name="forecast_of_group"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SimForecast",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("as_of", models.DateTimeField()),
                ("first_day", models.DateField()),
                ("cycle_start_date", models.DateField()),
                ("cycle_end_date", models.DateField()),
                ("used_bytes", models.BigIntegerField()),
                ("quota_bytes", models.BigIntegerField(null=True)),
                ("cycle_p10_bytes", models.BigIntegerField()),
                ("cycle_p50_bytes", models.BigIntegerField()),
                ("cycle_p90_bytes", models.BigIntegerField()),
                ("month_p10_bytes", models.BigIntegerField()),
                ("month_p50_bytes", models.BigIntegerField()),
                ("month_p90_bytes", models.BigIntegerField()),
                ("exhausts_on", models.DateField(null=True)),
                ("exhausts_probability", models.FloatField(null=True)),
                ("history_days", models.SmallIntegerField()),
                ("is_prior", models.BooleanField(default=False)),
                ("tier", models.SmallIntegerField(default=0)),
                ("model", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=40)),
                ("days_p10", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("days_p50", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("days_p90", django.contrib.postgres.fields.ArrayField(base_field=RealField(), size=None)),
                ("sim_id", models.BigIntegerField()),
                ("device_class", models.CharField(blank=True, max_length=20)),
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
                "indexes": [
                    models.Index(fields=["organization", "-exhausts_probability", "sim_id"], name="forecast_risk")
                ],
                "constraints": [models.UniqueConstraint(fields=("organization", "sim_id"), name="forecast_of_sim")],
            },
        ),
        *tenant_table("analytics_simforecast"),
        *tenant_table("analytics_groupforecast"),
    ]
