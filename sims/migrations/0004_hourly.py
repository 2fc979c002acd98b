"""Usage by hour, the fleet's days, and partitions that are made ahead and dropped when they are too old.

Like migration 0003: partitioned tables in SQL, their models as state only, and functions of the owner for what the
application may ask for but not do by itself. They know the three usage tables and no other, and refuse dates that
make no sense: the application cannot drop what is younger than a month, whatever it asks for.
"""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import APP_ROLE, tenant_table

TABLES = f"""
CREATE TABLE sims_usagehourly (
    organization_id bigint NOT NULL,
    sim_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    bytes_up bigint NOT NULL,
    bytes_down bigint NOT NULL,
    sessions integer NOT NULL,
    sms integer NOT NULL,
    voice_seconds integer NOT NULL,
    PRIMARY KEY (organization_id, sim_id, hour)
) PARTITION BY RANGE (hour);

CREATE TABLE sims_fleetdaily (
    organization_id bigint NOT NULL,
    day date NOT NULL,
    bytes_up bigint NOT NULL,
    bytes_down bigint NOT NULL,
    sessions bigint NOT NULL,
    sms bigint NOT NULL,
    voice_seconds bigint NOT NULL,
    PRIMARY KEY (organization_id, day)
) WITH (fillfactor = 50);
INSERT INTO sims_fleetdaily
SELECT organization_id, day, sum(bytes_up), sum(bytes_down), sum(sessions), sum(sms), sum(voice_seconds)
FROM sims_usagedaily GROUP BY organization_id, day;

CREATE TABLE sims_fleethourly (
    organization_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    bytes_up bigint NOT NULL,
    bytes_down bigint NOT NULL,
    sessions bigint NOT NULL,
    sms bigint NOT NULL,
    voice_seconds bigint NOT NULL,
    PRIMARY KEY (organization_id, hour)
) WITH (fillfactor = 50);

CREATE TABLE sims_usagedropped (kind text PRIMARY KEY, dropped_before date NOT NULL);
GRANT SELECT ON sims_usagedropped TO {APP_ROLE};
"""

# The bounds are read from the catalogue, not from names. DETACH locks the parent for a moment; it waits for that no
# longer than three seconds, because everybody else would wait behind it.
FUNCTIONS = f"""
CREATE FUNCTION sims_hour_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    low date;
    made integer := 0;
BEGIN
    IF first IS NULL OR last IS NULL OR first > last OR first < now() - interval '10 years'
            OR last > now() + interval '3 months' THEN
        RAISE EXCEPTION 'no hour partitions from % to %', first, last USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sims_usage_partitions'));
    low := date_trunc('month', first);
    WHILE low <= last LOOP
        made := made + sims_usage_partition(
            'sims_usagehourly', 'sims_usagehourly_' || to_char(low, 'YYYY_MM'),
            low || ' 00:00:00+00', (low + interval '1 month')::date || ' 00:00:00+00', 'WITH (fillfactor = 90)');
        low := low + interval '1 month';
    END LOOP;
    RETURN made;
END $body$;

CREATE FUNCTION sims_detach_partitions(kind text, before date) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER AS $body$
#variable_conflict use_column
DECLARE
    parent text := CASE sims_detach_partitions.kind WHEN 'records' THEN 'sims_usagerecord'
        WHEN 'hours' THEN 'sims_usagehourly' WHEN 'days' THEN 'sims_usagedaily' END;
    part record;
BEGIN
    IF parent IS NULL OR before IS NULL OR before > current_date - 31 THEN
        RAISE EXCEPTION 'no partitions of % are dropped before %', sims_detach_partitions.kind, before
            USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sims_usage_partitions'));
    FOR part IN
        SELECT c.relname AS name,
            substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''(\\d{{4}}-\\d\\d-\\d\\d)')::date AS until
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent::regclass ORDER BY 2
    LOOP
        CONTINUE WHEN part.until IS NULL OR part.until > before;
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, part.name);
        INSERT INTO sims_usagedropped AS d VALUES (sims_detach_partitions.kind, part.until)
        ON CONFLICT (kind) DO UPDATE SET dropped_before = greatest(d.dropped_before, excluded.dropped_before);
        RETURN NEXT part.name;
    END LOOP;
END $body$;

CREATE FUNCTION sims_drop_detached() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    part name;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sims_usage_partitions'));
    FOR part IN
        SELECT relname FROM pg_class
        WHERE relkind = 'r' AND NOT relispartition AND relnamespace = current_schema()::regnamespace
        AND relname ~ '^sims_(usagerecord_\\d{{4}}_\\d\\d|usagehourly_\\d{{4}}_\\d\\d|usagedaily_\\d{{4}}_q\\d)$'
    LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $body$;

DO $body$ DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sims_hour_partitions', 'sims_detach_partitions', 'sims_drop_detached'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %I FROM PUBLIC', name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I TO {APP_ROLE}', name);
        EXECUTE format('ALTER FUNCTION %I SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('ALTER FUNCTION %I SET timezone = ''UTC''', name);
        EXECUTE format('ALTER FUNCTION %I SET datestyle = ''ISO, YMD''', name);
        EXECUTE format('ALTER FUNCTION %I SET lock_timeout = ''3s''', name);
    END LOOP;
END $body$;
"""


def amounts(counts: type[models.IntegerField]) -> list[tuple[str, models.Field]]:
    return [
        ("bytes_up", models.BigIntegerField(default=0)),
        ("bytes_down", models.BigIntegerField(default=0)),
        ("sessions", counts(default=0)),
        ("sms", counts(default=0)),
        ("voice_seconds", counts(default=0)),
    ]


def organization() -> tuple[str, models.Field]:
    to = models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.organization"
    )
    return ("organization", to)


def key(*columns: str) -> tuple[str, models.Field]:
    made = models.CompositePrimaryKey(*columns, blank=True, editable=False, primary_key=True, serialize=False)
    return ("pk", made)


STATE = [
    migrations.CreateModel(
        name="UsageHourly",
        fields=[
            key("organization_id", "sim_id", "hour"),
            ("hour", models.DateTimeField()),
            *amounts(models.IntegerField),
            organization(),
            (
                "sim",
                models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="usage_hourly",
                    to="sims.sim",
                ),
            ),
        ],
    ),
    migrations.CreateModel(
        name="FleetDaily",
        fields=[
            key("organization_id", "day"),
            ("day", models.DateField()),
            *amounts(models.BigIntegerField),
            organization(),
        ],
    ),
    migrations.CreateModel(
        name="FleetHourly",
        fields=[
            key("organization_id", "hour"),
            ("hour", models.DateTimeField()),
            *amounts(models.BigIntegerField),
            organization(),
        ],
    ),
]


class Migration(migrations.Migration):
    dependencies = [("sims", "0003_usage")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop)],
            state_operations=STATE,
        ),
        *tenant_table("sims_usagehourly", id_column=None),
        *tenant_table("sims_fleetdaily", id_column=None),
        *tenant_table("sims_fleethourly", id_column=None),
        migrations.RunSQL(FUNCTIONS, reverse_sql=migrations.RunSQL.noop),
    ]
