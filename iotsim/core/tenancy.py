"""The tenant wall: one transaction carries one organisation; PostgreSQL's row security does the rest.

Every policy compares `organization_id` with the setting `app.org`, set for the transaction only.
The application connects with `-c role=iotsim_app`, which owns nothing, so no policy can be skipped.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, migrations, transaction

APP_ROLE = "iotsim_app"
CURRENT_ORG = "NULLIF(current_setting('app.org', true), '')::bigint"


class WrongTenant(RuntimeError):
    """A call for one organisation inside the transaction of another: a bug, never a user's error."""


def current_tenant() -> int | None:
    """The organisation whose transaction is open on this connection, if any."""
    return getattr(connection, "iotsim_tenant", None)


@contextmanager
def tenant(organization_id: int, *, read_only: bool = False) -> Iterator[None]:
    """Open a transaction that sees only `organization_id`; nested calls for the same one join it.

    Raises WrongTenant when another organisation's transaction is open.
    """
    outer = current_tenant()
    if outer is not None:
        if outer != organization_id:
            raise WrongTenant(f"organisation {organization_id} inside a transaction of {outer}")
        if read_only:  # nothing to take back, so no savepoint
            yield
            return
        with transaction.atomic():
            yield
        return
    joined = connection.in_atomic_block
    with transaction.atomic():
        _enter(organization_id, read_only=read_only and not joined)
        try:
            yield
        finally:
            connection.iotsim_tenant = None  # type: ignore[attr-defined]
        if joined:  # SET LOCAL outlives a released savepoint
            _set_org("")


def _enter(organization_id: int, *, read_only: bool) -> None:
    _set_org(str(organization_id))
    if read_only:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
    connection.iotsim_tenant = organization_id  # type: ignore[attr-defined]


def _set_org(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org', %s, true)", [value])


@contextmanager
def snapshot(organization_id: int) -> Iterator[None]:
    """A read-only transaction of the tenant in which every query sees the data as they were at its beginning."""
    from psycopg import IsolationLevel

    connection.ensure_connection()
    session = connection.connection
    session.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with tenant(organization_id, read_only=True):
            yield
    finally:
        session.isolation_level = None


@contextmanager
def as_owner() -> Iterator[None]:
    """Work on this thread's connection as the login itself (migrations, partitions), then as the app again."""
    options = connection.settings_dict["OPTIONS"]
    connection.close()  # while the pool is known, which would miss it otherwise
    role = options.pop("options", None)
    pool = options.pop("pool", None)
    try:
        yield
    finally:
        connection.close()
        if role is not None:
            options["options"] = role
        if pool is not None:
            options["pool"] = pool


def tenant_table(
    table: str,
    *,
    references: dict[str, str] | None = None,
    grants: str = "SELECT, INSERT, UPDATE, DELETE",
    id_column: str | None = "id",
) -> list[migrations.RunSQL]:
    """Migration operations that put `table` behind the wall.

    `references` maps columns to tenant tables: a composite foreign key `(organization_id, column)`,
    since plain foreign keys look past row security. `id_column=None` for a table without an id.
    """
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} USING (organization_id = {CURRENT_ORG}) "
        f"WITH CHECK (organization_id = {CURRENT_ORG})",
        f"GRANT {grants} ON {table} TO {APP_ROLE}",
    ]
    if id_column:
        statements.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_key UNIQUE (organization_id, {id_column})"
        )
        statements.append(
            f"DO $$ BEGIN EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {APP_ROLE}', "
            f"pg_get_serial_sequence('{table}', '{id_column}')); END $$"
        )
    for column, target in (references or {}).items():
        statements.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant_fk "
            f"FOREIGN KEY (organization_id, {column}) REFERENCES {target} (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
    return [migrations.RunSQL(statement, reverse_sql=migrations.RunSQL.noop) for statement in statements]


def grant_platform_tables(tables: Sequence[str]) -> None:
    """Let the application use tables that belong to no tenant (sign-in, sessions, schedules). As owner."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {APP_ROLE}')
        cursor.execute(f"GRANT SELECT ON django_migrations TO {APP_ROLE}")
        cursor.execute(
            "SELECT quote_ident(s.relname) FROM pg_class s JOIN pg_depend d ON d.objid = s.oid "
            "JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S' AND t.relname = ANY(%s)",
            [list(tables)],
        )
        for (sequence,) in cursor.fetchall():
            cursor.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {APP_ROLE}")
