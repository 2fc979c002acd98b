"""Branches of conversations, ratings of answers, and a search over what was said that is fast behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import APP_ROLE, CURRENT_ORG, tenant_table

BRANCHES = """
ALTER TABLE copilot_run ADD CONSTRAINT copilot_run_parent_id_tenant_fk
    FOREIGN KEY (organization_id, parent_id) REFERENCES copilot_run (organization_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE copilot_thread ADD CONSTRAINT copilot_thread_head_id_tenant_fk
    FOREIGN KEY (organization_id, head_id) REFERENCES copilot_run (organization_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""

# LIKE is not leakproof, so under a policy it would never reach the index: the owner's function searches, in the
# organisation of the transaction, and answers with numbers. Every word must stand in the text; the longest finds it.
SEARCH = f"""
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX copilot_runtext_trigrams ON copilot_runtext USING gin (lower(text) gin_trgm_ops);

CREATE FUNCTION copilot_said(reader bigint, longest text, patterns text[], most integer)
    RETURNS TABLE (thread_id bigint, run_id bigint) LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    SELECT said.thread_id, said.run_id
    FROM copilot_runtext said
    JOIN copilot_thread thread ON thread.organization_id = said.organization_id AND thread.id = said.thread_id
    WHERE said.organization_id = {CURRENT_ORG}
      AND lower(said.text) LIKE longest AND lower(said.text) LIKE ALL (patterns)
      AND (thread.user_id = reader OR thread.shared_at IS NOT NULL)
    ORDER BY said.run_id DESC LIMIT most
$$;
REVOKE ALL ON FUNCTION copilot_said(bigint, text, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION copilot_said(bigint, text, text[], integer) TO {APP_ROLE};
"""

# Until now every run came after the one before it, and the newest was shown.
FILL = """
UPDATE copilot_run SET parent_id = before.id
FROM (SELECT id AS run_id, lag(id) OVER (PARTITION BY thread_id ORDER BY id) AS id FROM copilot_run) before
WHERE before.run_id = copilot_run.id AND before.id IS NOT NULL;

UPDATE copilot_thread SET head_id = newest.id
FROM (SELECT thread_id, max(id) AS id FROM copilot_run GROUP BY thread_id) newest
WHERE newest.thread_id = copilot_thread.id;

INSERT INTO copilot_runtext (organization_id, thread_id, run_id, text)
SELECT run.organization_id, run.thread_id, run.id, concat_ws(E'\\n\\n', run.question, said.text)
FROM copilot_run run
LEFT JOIN (
    SELECT run_id, string_agg(payload ->> 'delta', '' ORDER BY seq) AS text
    FROM copilot_runevent WHERE payload ->> 'type' = 'TEXT_MESSAGE_CONTENT' GROUP BY run_id
) said ON said.run_id = run.id;
"""


class Migration(migrations.Migration):
    dependencies = [("copilot", "0005_widgets")]

    operations = [
        migrations.AddField("run", "parent_id", models.BigIntegerField(null=True)),
        migrations.AddField("thread", "head_id", models.BigIntegerField(null=True)),
        migrations.AddField("thread", "pinned_at", models.DateTimeField(null=True)),
        migrations.AddField("thread", "shared_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "thread",
            models.Index(
                fields=["organization", "-shared_at"], name="thread_shared", condition=models.Q(shared_at__isnull=False)
            ),
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("verdict", models.CharField(choices=[("up", "good"), ("down", "bad")], max_length=4)),
                ("comment", models.CharField(blank=True, max_length=1000)),
                ("question", models.TextField()),
                ("answer", models.TextField()),
                ("model", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to="copilot.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "run", "user_id"), name="one_verdict_each")
                ],
            },
        ),
        migrations.CreateModel(
            name="RunText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
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
                "indexes": [models.Index(fields=["organization", "thread"], name="text_of_thread")],
                "constraints": [models.UniqueConstraint(fields=("organization", "run"), name="one_text_a_run")],
            },
        ),
        *tenant_table("copilot_feedback", references={"run_id": "copilot_run"}),
        *tenant_table("copilot_runtext", references={"run_id": "copilot_run", "thread_id": "copilot_thread"}),
        migrations.RunSQL(BRANCHES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(SEARCH, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(FILL, reverse_sql=migrations.RunSQL.noop),
    ]
