import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_forecasts"), ("core", "0005_operations")]

    operations = [
        migrations.CreateModel(
            name="Anomaly",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sim_id", models.BigIntegerField(null=True)),
                ("customer_id", models.BigIntegerField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("spike", "usage spike"),
                            ("theft", "theft"),
                            ("retry_storm", "retry storm"),
                            ("silent", "silent"),
                            ("leak", "leak"),
                            ("roaming", "use abroad"),
                            ("throttled", "throttled"),
                            ("new_country", "new country"),
                            ("policy", "against the policy"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")],
                        max_length=8,
                    ),
                ),
                ("rank", models.SmallIntegerField()),
                ("score", models.FloatField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("days", models.IntegerField(default=1)),
                ("provisional", models.BooleanField(default=False)),
                ("cohort", models.CharField(blank=True, max_length=120)),
                ("sims", models.IntegerField(default=1)),
                ("evidence", models.JSONField(default=dict)),
                ("second_opinion", models.FloatField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("real", "real"),
                            ("false", "false alarm"),
                            ("expected", "expected"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=8,
                    ),
                ),
                ("expected_until", models.DateField(blank=True, null=True)),
                ("marked_by", models.CharField(blank=True, max_length=254)),
                ("marked_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("history", models.JSONField(default=list)),
                ("version", models.IntegerField(db_default=0, default=0)),
                ("alert_id", models.BigIntegerField(blank=True, null=True)),
                ("quiet", models.CharField(blank=True, max_length=10)),
                ("shadow_day", models.DateField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                "verbose_name_plural": "anomalies",
                "indexes": [
                    models.Index(fields=["organization", "rank", "-last_day", "-id"], name="anomaly_by_severity"),
                    models.Index(fields=["organization", "-last_day", "-id"], name="anomaly_by_day"),
                    models.Index(fields=["organization", "sim_id", "-last_day"], name="anomaly_of_sim"),
                    models.Index(
                        condition=models.Q(("ended_on", None)),
                        fields=["organization", "sim_id"],
                        name="anomaly_lasting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "sim_id", "first_day", "cohort"),
                        name="anomaly_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnomalyFeedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sim_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("spike", "usage spike"),
                            ("theft", "theft"),
                            ("retry_storm", "retry storm"),
                            ("silent", "silent"),
                            ("leak", "leak"),
                            ("roaming", "use abroad"),
                            ("throttled", "throttled"),
                            ("new_country", "new country"),
                            ("policy", "against the policy"),
                        ],
                        max_length=12,
                    ),
                ),
                ("bound", models.FloatField(default=0)),
                ("expected_until", models.DateField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                    models.UniqueConstraint(fields=("organization", "sim_id", "kind"), name="anomaly_feedback_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="AnomalySettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alerts_per_10k",
                    models.FloatField(
                        default=3.0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                    ),
                ),
                (
                    "min_severity",
                    models.CharField(
                        choices=[("critical", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")],
                        default="medium",
                        max_length=8,
                    ),
                ),
                ("kinds_off", models.JSONField(blank=True, default=list)),
                ("policy_day_bytes", models.BigIntegerField(blank=True, null=True)),
                ("policy_day_sessions", models.IntegerField(blank=True, null=True)),
                (
                    "suspension",
                    models.CharField(choices=[("off", "off"), ("shadow", "shadow")], default="off", max_length=6),
                ),
                (
                    "daily_cap_percent",
                    models.FloatField(
                        default=0.1,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                "verbose_name_plural": "anomaly settings",
                "constraints": [models.UniqueConstraint(fields=("organization",), name="anomaly_settings_once")],
            },
        ),
        migrations.CreateModel(
            name="AnomalyState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("block", models.IntegerField()),
                ("first_sim", models.BigIntegerField()),
                ("last_sim", models.BigIntegerField()),
                ("day", models.DateField()),
                ("layout", models.CharField(max_length=64)),
                ("sim_ids", models.BinaryField()),
                ("state", models.BinaryField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                    models.UniqueConstraint(fields=("organization", "block"), name="anomaly_state_of_block")
                ],
            },
        ),
        *tenant_table("analytics_anomaly"),
        *tenant_table("analytics_anomalyfeedback"),
        *tenant_table("analytics_anomalysettings"),
        *tenant_table("analytics_anomalystate"),
    ]
