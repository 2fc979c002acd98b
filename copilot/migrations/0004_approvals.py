"""Runs that go on after decisions, and what the copilot offered to do, behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0003_agui"), ("core", "0006_approvals")]

    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField("run", "resumes", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["organization", "id"], name="run_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resumes__isnull", False)),
                fields=("organization", "resumes"),
                name="run_resumed_once",
            ),
        ),
        migrations.CreateModel(
            name="KeptOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("service", models.CharField(max_length=80)),
                ("arguments", models.JSONField(default=dict)),
                ("words", models.CharField(max_length=200)),
                (
                    "source",
                    models.CharField(
                        choices=[("service", "a service's answer"), ("model", "a model's own words")],
                        default="service",
                        max_length=10,
                    ),
                ),
                ("digest", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("taken", "taken"),
                            ("withdrawn", "declined"),
                            ("expired", "out of date"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("settled_run_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("settled_at", models.DateTimeField(null=True)),
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
                        to="copilot.run",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="copilot.thread",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["organization", "thread"], name="offer_open"
                    ),
                    models.Index(
                        condition=models.Q(("settled_run_id__isnull", False)),
                        fields=["organization", "settled_run_id"],
                        name="offer_settled",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("organization", "run", "number"), name="offer_once")],
            },
        ),
        *tenant_table("copilot_keptoffer", references={"thread_id": "copilot_thread", "run_id": "copilot_run"}),
    ]
