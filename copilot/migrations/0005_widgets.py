import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0004_approvals")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel(
            name="Pin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("service", models.CharField(max_length=80)),
                ("arguments", models.JSONField(default=dict)),
                ("title", models.CharField(max_length=120)),
                ("place", models.IntegerField()),
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
                "indexes": [models.Index(fields=["organization", "user_id", "place"], name="pin_of_person")],
            },
        ),
        *tenant_table("copilot_pin"),
    ]
