"""Thresholds and limits, alert rules and alerts, the nightly look at the fleet.

Every organisation is born with rules: a trigger writes them, so that nobody has to set anything up and no code path
that makes an organisation can forget it. It runs as the owner of the tables, since no tenant is open then.
"""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import tenant_table

DEFAULT_RULES = """
CREATE FUNCTION sims_default_alert_rules(wanted bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER AS $body$
    INSERT INTO sims_alertrule (organization_id, name, kind, severity, enabled, percent, hours, statuses, reasons,
        rearm_hours, default_key, created_at)
    SELECT wanted, name, kind, severity, true, percent, hours, statuses::jsonb, reasons::jsonb, rearm, key, now()
    FROM (VALUES
        ('Quota threshold reached', 'threshold', 'info', NULL::integer, NULL::integer, '[]', '[]', 24, 'threshold'),
        ('Quota used up', 'limit', 'warning', NULL, NULL, '[]', '[]', 24, 'limit'),
        ('Far above the quota', 'limit', 'critical', 500, NULL, '[]', '[]', 24, 'far_above'),
        ('Stopped, and not by a person', 'status', 'warning', NULL, NULL, '["suspended", "inactive"]',
            '["balance", "imei_lock", "carrier", "fraud", "agent"]', 0, 'status'),
        ('In another device model', 'imei_change', 'critical', NULL, NULL, '[]', '[]', 24, 'imei_change'),
        ('In a country it has never been in', 'new_country', 'warning', NULL, NULL, '[]', '[]', 24, 'new_country'),
        ('No connection for 7 days', 'silence', 'warning', NULL, 168, '[]', '[]', 24, 'silence'),
        ('Import refused or broken off', 'intake_failure', 'critical', 10, NULL, '[]', '[]', 0, 'intake_failure')
    ) AS rules(name, kind, severity, percent, hours, statuses, reasons, rearm, key)
    ON CONFLICT (organization_id, name) DO NOTHING
$body$;
REVOKE EXECUTE ON FUNCTION sims_default_alert_rules FROM PUBLIC;

CREATE FUNCTION sims_begin_organization() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $body$
BEGIN
    PERFORM sims_default_alert_rules(NEW.id);
    RETURN NEW;
END $body$;
REVOKE EXECUTE ON FUNCTION sims_begin_organization FROM PUBLIC;
DO $body$ BEGIN
    EXECUTE format('ALTER FUNCTION sims_default_alert_rules SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION sims_begin_organization SET search_path = %I, pg_temp', current_schema());
END $body$;
CREATE TRIGGER sims_begin AFTER INSERT ON core_organization
    FOR EACH ROW EXECUTE FUNCTION sims_begin_organization();
SELECT sims_default_alert_rules(id) FROM core_organization;
"""


class Migration(migrations.Migration):
    dependencies = [("sims", "0004_hourly"), ("core", "0003_notifications")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="limit_action",
            field=models.CharField(
                choices=[("none", "nothing but an alert"), ("suspend", "suspended")],
                db_default="none",
                default="none",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="threshold_percent",
            field=models.SmallIntegerField(
                db_default=80,
                default=80,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)],
            ),
        ),
        migrations.AddField(
            model_name="sim",
            name="limit_action",
            field=models.CharField(
                blank=True,
                choices=[("none", "nothing but an alert"), ("suspend", "suspended")],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="sim",
            name="threshold_percent",
            field=models.SmallIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("threshold", "quota threshold"),
                            ("limit", "quota limit"),
                            ("status", "state changed"),
                            ("imei_change", "other device model"),
                            ("new_country", "new country"),
                            ("silence", "no connection"),
                            ("intake_failure", "import failed"),
                            ("manual", "made by hand"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "info"), ("warning", "warning"), ("critical", "critical")], max_length=8
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "percent",
                    models.IntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                    ),
                ),
                ("usage_bytes", models.BigIntegerField(blank=True, null=True)),
                (
                    "hours",
                    models.IntegerField(
                        blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]
                    ),
                ),
                ("statuses", models.JSONField(blank=True, default=list)),
                ("reasons", models.JSONField(blank=True, default=list)),
                ("rearm_hours", models.IntegerField(default=24)),
                ("default_key", models.CharField(blank=True, max_length=30)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.customer",
                    ),
                ),
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
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.plan",
                    ),
                ),
                (
                    "sim",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.sim",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.tag",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("threshold", "quota threshold"),
                            ("limit", "quota limit"),
                            ("status", "state changed"),
                            ("imei_change", "other device model"),
                            ("new_country", "new country"),
                            ("silence", "no connection"),
                            ("intake_failure", "import failed"),
                            ("manual", "made by hand"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "info"), ("warning", "warning"), ("critical", "critical")], max_length=8
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("acknowledged", "acknowledged"),
                            ("snoozed", "snoozed"),
                            ("resolved", "resolved"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=12,
                    ),
                ),
                ("text", models.CharField(blank=True, db_default="", max_length=500)),
                ("condition", models.CharField(blank=True, db_default="", max_length=120)),
                ("facts", models.JSONField(default=dict)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("count", models.IntegerField(db_default=1, default=1)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("assignee_id", models.BigIntegerField(blank=True, null=True)),
                ("assignee", models.CharField(blank=True, db_default="", max_length=254)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("history", models.JSONField(default=list)),
                ("version", models.IntegerField(db_default=0, default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.customer",
                    ),
                ),
                (
                    "intake",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.intake",
                    ),
                ),
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
                    "pool_plan",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.plan",
                    ),
                ),
                (
                    "sim",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="sims.sim",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.alertrule",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NightlyRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("night", models.DateField()),
                ("job_id", models.BigIntegerField(null=True)),
                ("summary", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            name="SimCountry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country", models.CharField(max_length=2)),
                ("first_at", models.DateTimeField()),
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
                    "sim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sims.sim",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(fields=("organization", "name"), name="alert_rule_name"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["organization", "status", "-id"], name="alert_by_status"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["organization", "severity", "-id"], name="alert_by_severity"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["organization", "sim", "-id"], name="alert_of_sim"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["organization", "condition", "-id"], name="alert_condition"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["organization", "sim"], name="alert_lasting"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("status", "resolved"), _negated=True), models.Q(("condition", ""), _negated=True)
                ),
                fields=("organization", "condition"),
                name="alert_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="nightlyrun",
            constraint=models.UniqueConstraint(fields=("organization", "night"), name="nightly_once"),
        ),
        migrations.AddConstraint(
            model_name="simcountry",
            constraint=models.UniqueConstraint(fields=("organization", "sim", "country"), name="sim_country_once"),
        ),
        *tenant_table(
            "sims_alertrule",
            references={
                "customer_id": "sims_customer",
                "tag_id": "sims_tag",
                "plan_id": "sims_plan",
                "sim_id": "sims_sim",
            },
        ),
        *tenant_table(
            "sims_alert",
            references={
                "rule_id": "sims_alertrule",
                "sim_id": "sims_sim",
                "customer_id": "sims_customer",
                "pool_plan_id": "sims_plan",
                "intake_id": "sims_intake",
            },
        ),
        *tenant_table("sims_simcountry", references={"sim_id": "sims_sim"}),
        *tenant_table("sims_nightlyrun"),
        migrations.RunSQL(DEFAULT_RULES, reverse_sql=migrations.RunSQL.noop),
    ]
