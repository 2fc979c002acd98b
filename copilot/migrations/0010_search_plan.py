"""The search over what was said is planned for the words that are looked for.

A plan made for any words takes the index for those that stand in every text too, and then reads them all through it.
"""

from django.db import migrations

from iotsim.core.tenancy import APP_ROLE, CURRENT_ORG

SEARCH = f"""
DROP FUNCTION copilot_said(bigint, text, text[], integer);
CREATE FUNCTION copilot_said(reader bigint, longest text, patterns text[], most integer)
    RETURNS TABLE (thread_id bigint, run_id bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    SELECT said.thread_id, said.run_id
    FROM copilot_runtext said
    JOIN copilot_thread thread ON thread.organization_id = said.organization_id AND thread.id = said.thread_id
    WHERE said.organization_id = {CURRENT_ORG}
      AND lower(said.text) LIKE longest AND lower(said.text) LIKE ALL (patterns)
      AND (thread.user_id = reader OR thread.shared_at IS NOT NULL)
    ORDER BY said.run_id DESC LIMIT most;
END
$$;
REVOKE ALL ON FUNCTION copilot_said(bigint, text, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION copilot_said(bigint, text, text[], integer) TO {APP_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("copilot", "0009_evaluation")]

    operations = [migrations.RunSQL(SEARCH, reverse_sql=migrations.RunSQL.noop)]
