import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_savings"), ("sims", "0008_customers")]
    operations = [
        migrations.CreateModel(
            name="CustomerSnapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("features", models.JSONField(default=dict)),
                ("score", models.SmallIntegerField()),
                ("reasons", models.JSONField(default=list)),
                ("probability", models.FloatField(null=True)),
                ("risk_reasons", models.JSONField(default=list)),
                ("model_version", models.IntegerField(null=True)),
                ("risk", models.FloatField()),
                ("is_backfilled", models.BooleanField(default=False)),
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
                    models.Index(fields=["organization", "-day", "-risk", "customer_id"], name="snapshot_by_risk")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "customer_id", "day"), name="snapshot_of_customer")
                ],
            },
        ),
        *tenant_table("analytics_customersnapshot"),
    ]
