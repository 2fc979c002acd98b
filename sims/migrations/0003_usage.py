"""Usage: the files' register, and the partitioned tables of records, keys and daily sums.

The partitioned tables are written in SQL (Django knows no partitions); their models are state only. Partitions
are made by `sims_usage_partitions(first, last)`, which runs as the owner of the tables because the application
owns nothing, and only for dates that make sense. Nobody is granted a partition by its own name: there its
parent's policy would not apply.
"""

import django.db.models.deletion
from django.db import migrations, models

from iotsim.core.tenancy import APP_ROLE, tenant_table

TABLES = """
CREATE TABLE sims_usagerecord (
    id bigint NOT NULL,
    organization_id bigint NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    sim_id bigint,
    bytes_up bigint NOT NULL CHECK (bytes_up >= 0),
    bytes_down bigint NOT NULL CHECK (bytes_down >= 0),
    counter_up bigint,
    counter_down bigint,
    mark_up bigint,
    mark_down bigint,
    session_key uuid,
    session_started_at timestamptz,
    operator_id bigint,
    count integer NOT NULL,
    voice_seconds integer NOT NULL,
    traffic smallint NOT NULL,
    rat smallint,
    cost numeric(18, 6),
    currency varchar(3) NOT NULL,
    apn varchar(100) NOT NULL,
    imei varchar(15) NOT NULL,
    network varchar(80) NOT NULL,
    iccid varchar(22) NOT NULL,
    imsi varchar(15) NOT NULL,
    PRIMARY KEY (id, started_at)
) PARTITION BY RANGE (started_at);
CREATE INDEX usage_of_sim ON sims_usagerecord (organization_id, sim_id, started_at);
CREATE INDEX usage_of_session ON sims_usagerecord (organization_id, session_key, ended_at)
    WHERE session_key IS NOT NULL;

CREATE TABLE sims_usagekey (
    organization_id bigint NOT NULL,
    carrier smallint NOT NULL,
    record_key uuid NOT NULL,
    digest bigint NOT NULL,
    record_id bigint NOT NULL,
    PRIMARY KEY (organization_id, carrier, record_key)
) PARTITION BY HASH (record_key);

CREATE TABLE sims_usagedaily (
    organization_id bigint NOT NULL,
    sim_id bigint NOT NULL,
    day date NOT NULL,
    bytes_up bigint NOT NULL,
    bytes_down bigint NOT NULL,
    sessions integer NOT NULL,
    sms integer NOT NULL,
    voice_seconds integer NOT NULL,
    PRIMARY KEY (organization_id, sim_id, day)
) PARTITION BY RANGE (day);

DO $$ BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE sims_usagekey_%s PARTITION OF sims_usagekey '
                       'FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
        EXECUTE format('ALTER TABLE sims_usagekey_%s ENABLE ROW LEVEL SECURITY', part);
    END LOOP;
END $$;
"""

# LIKE and ATTACH lock the parent far less than CREATE ... PARTITION OF does: readers and writers go on.
# pg_temp stands last in the search path so that nobody's temporary table can pose as one of ours.
PARTITIONS = f"""
CREATE FUNCTION sims_usage_partition(parent text, name text, low text, high text, storage text) RETURNS integer
LANGUAGE plpgsql AS $body$
BEGIN
    IF to_regclass(quote_ident(name)) IS NOT NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) %s', name, parent, storage);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
    RETURN 1;
END $body$;
REVOKE EXECUTE ON FUNCTION sims_usage_partition FROM PUBLIC;

CREATE FUNCTION sims_usage_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    low date;
    made integer := 0;
BEGIN
    IF first > last OR first < now() - interval '10 years' OR last > now() + interval '3 months' THEN
        RAISE EXCEPTION 'no usage partitions from % to %', first, last USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sims_usage_partitions'));
    low := date_trunc('month', first);
    WHILE low <= last LOOP
        made := made + sims_usage_partition(
            'sims_usagerecord', 'sims_usagerecord_' || to_char(low, 'YYYY_MM'),
            low || ' 00:00:00+00', (low + interval '1 month')::date || ' 00:00:00+00', '');
        low := low + interval '1 month';
    END LOOP;
    low := date_trunc('quarter', first);
    WHILE low <= last LOOP
        made := made + sims_usage_partition(
            'sims_usagedaily', 'sims_usagedaily_' || to_char(low, 'YYYY_"q"Q'),
            low::text, (low + interval '3 months')::date::text, 'WITH (fillfactor = 80)');
        low := low + interval '3 months';
    END LOOP;
    RETURN made;
END $body$;
REVOKE EXECUTE ON FUNCTION sims_usage_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sims_usage_partitions TO {APP_ROLE};
DO $body$ BEGIN
    EXECUTE format('ALTER FUNCTION sims_usage_partitions SET search_path = %I, pg_temp', current_schema());
END $body$;
"""


def organization() -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.organization"
    )


def unconstrained(to: str, name: str = "+", null: bool = False) -> "models.ForeignKey[models.Model, models.Model]":
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=name,
        to=to,
    )


STATE = [
    migrations.CreateModel(
        name="UsageDaily",
        fields=[
            (
                "pk",
                models.CompositePrimaryKey(
                    "organization_id", "sim_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                ),
            ),
            ("day", models.DateField()),
            ("bytes_up", models.BigIntegerField(default=0)),
            ("bytes_down", models.BigIntegerField(default=0)),
            ("sessions", models.IntegerField(default=0)),
            ("sms", models.IntegerField(default=0)),
            ("voice_seconds", models.IntegerField(default=0)),
            ("organization", organization()),
            ("sim", unconstrained("sims.sim", "usage_daily")),
        ],
    ),
    migrations.CreateModel(
        name="UsageKey",
        fields=[
            (
                "pk",
                models.CompositePrimaryKey(
                    "organization_id",
                    "carrier",
                    "record_key",
                    blank=True,
                    editable=False,
                    primary_key=True,
                    serialize=False,
                ),
            ),
            ("carrier", models.SmallIntegerField()),
            ("record_key", models.UUIDField()),
            ("digest", models.BigIntegerField()),
            ("record_id", models.BigIntegerField()),
            ("organization", organization()),
        ],
    ),
    migrations.CreateModel(
        name="UsageRecord",
        fields=[
            ("id", models.BigIntegerField(primary_key=True, serialize=False)),
            ("started_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField()),
            ("bytes_up", models.BigIntegerField()),
            ("bytes_down", models.BigIntegerField()),
            ("counter_up", models.BigIntegerField(null=True)),
            ("counter_down", models.BigIntegerField(null=True)),
            ("mark_up", models.BigIntegerField(null=True)),
            ("mark_down", models.BigIntegerField(null=True)),
            ("session_key", models.UUIDField(null=True)),
            ("session_started_at", models.DateTimeField(null=True)),
            ("count", models.IntegerField(default=1)),
            ("voice_seconds", models.IntegerField(default=0)),
            ("traffic", models.SmallIntegerField(choices=[(1, "data"), (2, "SMS"), (3, "voice")])),
            (
                "rat",
                models.SmallIntegerField(
                    choices=[
                        (1, "3G"),
                        (2, "2G"),
                        (3, "Wi-Fi"),
                        (4, "GAN"),
                        (5, "HSPA+"),
                        (6, "LTE"),
                        (8, "NB-IoT"),
                        (9, "LTE-M"),
                        (10, "5G"),
                    ],
                    null=True,
                ),
            ),
            ("cost", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
            ("currency", models.CharField(blank=True, max_length=3)),
            ("apn", models.CharField(blank=True, max_length=100)),
            ("imei", models.CharField(blank=True, max_length=15)),
            ("network", models.CharField(blank=True, max_length=80)),
            ("iccid", models.CharField(blank=True, max_length=22)),
            ("imsi", models.CharField(blank=True, max_length=15)),
            ("operator", unconstrained("sims.operator", null=True)),
            ("organization", organization()),
            ("sim", unconstrained("sims.sim", null=True)),
        ],
    ),
    migrations.AddIndex(
        model_name="usagerecord",
        index=models.Index(fields=["organization", "sim", "started_at"], name="usage_of_sim"),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0002_wall"), ("sims", "0002_wall")]

    operations = [
        migrations.CreateModel(
            name="Intake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("usage", "usage"), ("sims", "SIM inventory")], max_length=6)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "done"),
                            ("refused", "refused"),
                            ("stopped", "stopped"),
                            ("failed", "failed"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("size_bytes", models.BigIntegerField(default=0)),
                ("upload_id", models.BigIntegerField()),
                ("job_id", models.BigIntegerField()),
                ("format", models.CharField(blank=True, max_length=20)),
                ("user_id", models.BigIntegerField(null=True)),
                ("who", models.CharField(blank=True, max_length=254)),
                ("rows", models.BigIntegerField(default=0)),
                ("new", models.BigIntegerField(default=0)),
                ("duplicates", models.BigIntegerField(default=0)),
                ("corrections", models.BigIntegerField(default=0)),
                ("refused", models.BigIntegerField(default=0)),
                ("unknown_rows", models.BigIntegerField(default=0)),
                ("unknown_sims", models.IntegerField(default=0)),
                ("attached", models.BigIntegerField(default=0)),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("notes", models.JSONField(default=list)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("organization", organization()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("organization", "job_id"), name="intake_of_job")]},
        ),
        migrations.CreateModel(
            name="RefusedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_number", models.BigIntegerField()),
                ("column", models.CharField(blank=True, max_length=80)),
                ("reason", models.CharField(max_length=300)),
                ("raw_line", models.CharField(max_length=1000)),
                (
                    "intake",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refused_rows",
                        to="sims.intake",
                    ),
                ),
                ("organization", organization()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "intake", "row_number"], name="refused_of_intake"),
                ]
            },
        ),
        *tenant_table("sims_intake"),
        *tenant_table("sims_refusedrow", references={"intake_id": "sims_intake"}),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop)],
            state_operations=STATE,
        ),
        *tenant_table("sims_usagerecord", id_column=None),
        *tenant_table("sims_usagekey", id_column=None),
        *tenant_table("sims_usagedaily", id_column=None),
        migrations.RunSQL(PARTITIONS, reverse_sql=migrations.RunSQL.noop),
    ]
