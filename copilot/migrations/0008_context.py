"""A run keeps what the person had before them as one typed context; files given to the copilot, behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table

# What older runs know: the page and the chosen SIMs.
MOVE = """
UPDATE copilot_run SET context = jsonb_strip_nulls(jsonb_build_object(
    'path', NULLIF(page, ''),
    'selected', CASE WHEN jsonb_typeof(selected) = 'array' AND selected <> '[]'::jsonb THEN selected END
)) WHERE page <> '' OR selected <> '[]'::jsonb
"""
AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class Migration(migrations.Migration):
    dependencies = [("copilot", "0007_models"), ("core", "0002_wall")]

    operations = [
        migrations.AddField(model_name="run", name="context", field=models.JSONField(default=dict)),
        migrations.RunSQL(MOVE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(AT_ONCE, reverse_sql=migrations.RunSQL.noop),
        migrations.RemoveField(model_name="run", name="page"),
        migrations.RemoveField(model_name="run", name="selected"),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("upload_id", models.BigIntegerField(null=True)),
                ("name", models.CharField(max_length=255)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sims", "a list of SIMs"),
                            ("usage", "usage records"),
                            ("photo", "a photo"),
                            ("other", "something else"),
                        ],
                        max_length=10,
                    ),
                ),
                ("sentence", models.TextField(blank=True)),
                ("rows", models.IntegerField(default=0)),
                ("known", models.IntegerField(default=0)),
                ("unknown", models.IntegerField(default=0)),
                ("iccids", models.JSONField(default=list)),
                ("facts", models.JSONField(default=dict)),
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
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="copilot.run",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="copilot.thread",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "user_id", "run"], name="attachment_of_person"),
                    models.Index(fields=["organization", "thread"], name="attachment_of_thread"),
                    models.Index(fields=["organization", "created_at"], name="attachment_by_age"),
                ],
            },
        ),
        *tenant_table("copilot_attachment", references={"thread_id": "copilot_thread", "run_id": "copilot_run"}),
    ]
