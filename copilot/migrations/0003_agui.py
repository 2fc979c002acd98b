"""Programs that speak AG-UI: their ids for our conversations and runs, and the key that a run acts with."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0002_wall"), ("core", "0002_wall")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="key_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="scopes",
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name="ClientRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("client_id", models.CharField(max_length=200)),
                ("message_id", models.CharField(blank=True, max_length=200)),
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
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="copilot.run",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organization", "run"], name="client_run_of")],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "user_id", "client_id"), name="client_run_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ClientThread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("client_id", models.CharField(max_length=200)),
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
                (
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="copilot.thread",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organization", "thread"], name="client_thread_of")],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "user_id", "client_id"), name="client_thread_once")
                ],
            },
        ),
        *tenant_table("copilot_clientthread", references={"thread_id": "copilot_thread"}),
        *tenant_table("copilot_clientrun", references={"run_id": "copilot_run"}),
    ]
