import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_anomalies")]

    operations = [
        migrations.CreateModel(
            name="Recommendation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("change_plan", "another plan"),
                            ("retire_idle", "charged but unused"),
                            ("resize_pool", "size of a pool"),
                            ("raise_quota", "quota of its own"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("applied", "applied"),
                            ("dismissed", "dismissed"),
                            ("expired", "expired"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("sim_id", models.BigIntegerField(default=0)),
                ("customer_id", models.BigIntegerField(default=0)),
                ("from_plan_id", models.BigIntegerField()),
                ("to_plan_id", models.BigIntegerField(default=0)),
                (
                    "moved_sims",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "moved_plans",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("sims", models.IntegerField(default=1)),
                ("cost_cents", models.IntegerField()),
                ("worst_cost_cents", models.IntegerField()),
                ("saving_cents", models.IntegerField()),
                ("worst_saving_cents", models.IntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "confidence",
                    models.CharField(choices=[("high", "high"), ("medium", "medium"), ("low", "low")], max_length=6),
                ),
                ("reason", models.CharField(max_length=400)),
                ("history_days", models.IntegerField()),
                ("usage_p10_bytes", models.BigIntegerField(default=0)),
                ("usage_p50_bytes", models.BigIntegerField(default=0)),
                ("usage_p90_bytes", models.BigIntegerField(default=0)),
                ("unused_cycles", models.IntegerField(default=0)),
                ("since", models.DateField()),
                ("night", models.DateField()),
                ("batch", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("quota_before_bytes", models.BigIntegerField(null=True)),
                ("realised_cents", models.IntegerField(default=0)),
                ("realised_cycles", models.IntegerField(default=0)),
                ("realised_until", models.DateField(null=True)),
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
                    models.Index(fields=["organization", "state", "-saving_cents", "id"], name="advice_by_saving"),
                    models.Index(fields=["organization", "sim_id"], name="advice_of_sim"),
                    models.Index(fields=["organization", "batch"], name="advice_batch"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("organization", "kind", "sim_id", "from_plan_id", "customer_id"),
                        name="advice_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavingsRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("night", models.DateField()),
                ("as_of", models.DateTimeField(null=True)),
                ("sims", models.IntegerField()),
                ("open", models.JSONField(default=dict)),
                ("seconds", models.FloatField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                "constraints": [models.UniqueConstraint(fields=("organization", "night"), name="savings_night_once")],
            },
        ),
        *tenant_table("analytics_recommendation"),
        *tenant_table("analytics_savingsrun"),
    ]
