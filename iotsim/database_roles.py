"""The role that the application works as: made once for a database, by a login that may make roles."""

from django.db import ProgrammingError, connection
from psycopg import errors, sql

from iotsim import places

ROLE = places.DATABASE_APPLICATION_ROLE


class RoleMissing(RuntimeError):
    """The application's role is not there and this login may not make it; the message says what to run."""


def create_application_role() -> list[str]:
    """Make the role and let the login take it, as far as that is still to be done; answers what was done.

    Needs a connection without the role option. Raises RoleMissing when the login lacks the right.
    """
    done: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        login = cursor.fetchone()[0]
        cursor.execute("SELECT pg_has_role(current_user, oid, 'SET') FROM pg_roles WHERE rolname = %s", [ROLE])
        found = cursor.fetchone()
        statements = [] if found else [f"CREATE ROLE {ROLE} NOLOGIN"]
        if not (found and found[0]):
            statements.append(f"GRANT {ROLE} TO {sql.Identifier(login).as_string()} WITH INHERIT FALSE, SET TRUE")
        for statement in statements:
            try:
                cursor.execute(statement)
            except ProgrammingError as error:
                if isinstance(error.__cause__, errors.InsufficientPrivilege):
                    raise RoleMissing(_what_to_run(login, statements)) from error
                if not isinstance(error.__cause__, errors.DuplicateObject):
                    raise
            done.append(statement)
    return done


def _what_to_run(login: str, statements: list[str]) -> str:
    return (
        f"The database login {login} may not create the role that iotsim works as. "
        f"Let an administrator of the database run, once: {'; '.join(statements)};"
    )
