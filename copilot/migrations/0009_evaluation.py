"""The trace of a run, and what evaluations of the copilot found, behind the tenant wall."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0008_context"), ("core", "0006_approvals")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AddField(
            model_name="run",
            name="traceparent",
            field=models.CharField(blank=True, max_length=55),
        ),
        migrations.CreateModel(
            name="EvaluationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=120)),
                ("version", models.CharField(blank=True, max_length=60)),
                ("suite_hash", models.CharField(max_length=12)),
                ("only", models.CharField(blank=True, max_length=60)),
                ("repeat", models.IntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "done"),
                            ("stopped", "stopped"),
                            ("failed", "failed"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("total", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("passed", models.IntegerField(default=0)),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("who", models.CharField(max_length=254)),
                ("job_id", models.BigIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("seen_at", models.DateTimeField(auto_now=True)),
                ("finished_at", models.DateTimeField(null=True)),
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
        ),
        migrations.CreateModel(
            name="EvaluationCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("category", models.CharField(max_length=40)),
                ("attempt", models.IntegerField(default=1)),
                ("passed", models.BooleanField()),
                ("turns", models.JSONField(default=list)),
                ("input_tokens", models.IntegerField(default=0)),
                ("output_tokens", models.IntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ("duration_ms", models.IntegerField(default=0)),
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
                        related_name="cases",
                        to="copilot.evaluationrun",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AddedCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("turns", models.JSONField()),
                ("thread_id", models.BigIntegerField()),
                ("run_id", models.BigIntegerField()),
                ("who", models.CharField(max_length=254)),
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
                "constraints": [models.UniqueConstraint(fields=("organization", "run_id"), name="added_case_once")],
            },
        ),
        migrations.AddIndex(
            model_name="evaluationrun",
            index=models.Index(fields=["organization", "-id"], name="evaluation_newest"),
        ),
        migrations.AddConstraint(
            model_name="evaluationrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")), fields=("organization",), name="one_evaluation_at_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluationcase",
            constraint=models.UniqueConstraint(
                fields=("organization", "run", "name", "attempt"), name="evaluation_case_once"
            ),
        ),
        *tenant_table("copilot_evaluationrun"),
        *tenant_table("copilot_evaluationcase", references={"run_id": "copilot_evaluationrun"}),
        *tenant_table("copilot_addedcase"),
    ]
