"""What the product has to tell people, behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("core", "0002_wall")]

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=20)),
                ("sentence", models.CharField(max_length=500)),
                ("path", models.CharField(blank=True, max_length=300)),
                ("object_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("read_at", models.DateTimeField(null=True)),
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
                    models.Index(fields=["organization", "user_id", "-id"], name="notification_of_person"),
                    models.Index(
                        condition=models.Q(("read_at", None)),
                        fields=["organization", "user_id"],
                        name="notification_unread",
                    ),
                ],
            },
        ),
        *tenant_table("core_notification"),
    ]
