"""How organisations choose and pay models: their settings, each call of a model, what conversations remember."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table


class Migration(migrations.Migration):
    dependencies = [("copilot", "0006_threads")]

    operations = [
        migrations.CreateModel(
            name="CopilotSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(blank=True, max_length=120)),
                (
                    "masking",
                    models.CharField(
                        choices=[("outside", "models outside"), ("always", "every model"), ("never", "none")],
                        default="outside",
                        max_length=8,
                    ),
                ),
                ("mask_labels", models.BooleanField(default=False)),
                ("budget_month", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("budget_day", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("user_budget_month", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("user_budget_day", models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ("unpriced_tokens_month", models.BigIntegerField(blank=True, null=True)),
                ("max_steps", models.IntegerField(blank=True, null=True)),
                ("max_calls", models.IntegerField(blank=True, null=True)),
                ("max_tokens", models.IntegerField(blank=True, null=True)),
                ("max_output_tokens", models.IntegerField(blank=True, null=True)),
                ("max_seconds", models.IntegerField(blank=True, null=True)),
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
                "verbose_name_plural": "copilot settings",
                "constraints": [models.UniqueConstraint(fields=("organization",), name="copilot_settings_once")],
            },
        ),
        migrations.CreateModel(
            name="ModelCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run_id", models.BigIntegerField()),
                ("thread_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("step", models.IntegerField()),
                (
                    "purpose",
                    models.CharField(
                        choices=[("answer", "answer"), ("summary", "summary")], default="answer", max_length=8
                    ),
                ),
                ("model", models.CharField(max_length=120)),
                ("provider", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[("reserved", "under way"), ("done", "done"), ("failed", "failed")],
                        default="reserved",
                        max_length=8,
                    ),
                ),
                ("reserved", models.DecimalField(decimal_places=9, max_digits=15, null=True)),
                ("cost", models.DecimalField(decimal_places=9, max_digits=15, null=True)),
                ("estimated", models.BooleanField(default=False)),
                ("input_tokens", models.IntegerField(default=0)),
                ("cached_tokens", models.IntegerField(default=0)),
                ("output_tokens", models.IntegerField(default=0)),
                ("first_token_ms", models.IntegerField(null=True)),
                ("duration_ms", models.IntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
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
                "indexes": [
                    models.Index(fields=["organization", "created_at"], name="model_call_by_day"),
                    models.Index(fields=["organization", "run_id", "id"], name="model_call_of_run"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ThreadMemory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("summary", models.TextField(blank=True)),
                ("covers", models.CharField(blank=True, max_length=40)),
                ("placeholders", models.JSONField(default=dict)),
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
                (
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memory",
                        to="copilot.thread",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "thread memories",
                "constraints": [models.UniqueConstraint(fields=("organization", "thread"), name="memory_once")],
            },
        ),
        *tenant_table("copilot_copilotsettings"),
        *tenant_table("copilot_modelcall"),
        *tenant_table("copilot_threadmemory", references={"thread_id": "copilot_thread"}),
    ]
