"""Puts the platform's tenant tables behind the wall, and makes the audit log append-only for everybody."""

from django.db import migrations

from iotsim.core.tenancy import tenant_table

APPEND_ONLY = """
CREATE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log can be added to and read, never changed.';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON core_auditevent
    FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON core_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON core_auditsubject
    FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON core_auditsubject
    FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        *tenant_table("core_upload"),
        *tenant_table("core_approval"),
        *tenant_table("core_job"),
        *tenant_table("core_auditevent", grants="SELECT, INSERT"),
        *tenant_table("core_auditsubject", references={"event_id": "core_auditevent"}, grants="SELECT, INSERT"),
        migrations.RunSQL(APPEND_ONLY, reverse_sql=migrations.RunSQL.noop),
    ]
