"""Requests that took the place of others, who changed them, and who was reminded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0005_operations")]

    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField(
            "approval", "edited_by", models.CharField(blank=True, default="", max_length=254), preserve_default=False
        ),
        migrations.AddField("approval", "reminded_at", models.DateTimeField(null=True)),
        migrations.AddField("approval", "replaced_by_id", models.BigIntegerField(null=True)),
        migrations.AddField("approval", "replaces_id", models.BigIntegerField(null=True)),
        migrations.AlterField(
            model_name="approval",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "waiting"),
                    ("done", "approved and done"),
                    ("rejected", "rejected"),
                    ("expired", "expired"),
                    ("stale", "overtaken"),
                    ("superseded", "replaced"),
                    ("failed", "failed"),
                ],
                default="pending",
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("replaced_by_id__isnull", False)),
                fields=["organization", "replaced_by_id"],
                name="approval_by_successor",
            ),
        ),
    ]
