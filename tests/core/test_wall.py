"""The tenant wall, tried from outside: every tenant table and partition as a stranger and as nobody."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from iotsim.core.models import AuditEvent, TenantModel
from iotsim.core.services import list_jobs
from iotsim.core.tenancy import WrongTenant, current_tenant, tenant
from sims.models import Customer, Sim
from tests.fleet import make_sim

TABLES = sorted(
    model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel) and model._meta.managed
)


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def tenant_relations() -> list[tuple[str, str, bool, bool]]:
    """Every table with an organization_id: name, kind, row security, is a partition."""
    return rows(
        "SELECT c.relname, c.relkind, c.relrowsecurity, c.relispartition FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'"
    )


# Needed before an actor exists, or by the runner before it knows whose turn it is: ids and hashes only.
PLATFORM = {
    "core_invitation",
    "core_membership",
    "core_idempotencykey",
    "core_impersonation",
    "copilot_queuedrun",
}


def test_the_application_is_nobody_special(database):
    [(superuser, bypass)] = rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    assert not superuser and not bypass
    [(owned,)] = rows(
        "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    )
    assert owned == 0


def test_every_table_with_an_organisation_has_row_security(database):
    unprotected = [
        name
        for name, _, secured, partition in tenant_relations()
        if not secured and not partition and name not in PLATFORM
    ]
    assert unprotected == []


def test_every_tenant_table_has_a_policy(database):
    governed = {name for (name,) in rows("SELECT tablename FROM pg_policies")}
    assert set(TABLES) <= governed


@pytest.mark.parametrize("table", TABLES)
def test_nobody_sees_nothing(database, table):
    assert rows(f'SELECT count(*) FROM "{table}"') == [(0,)]


@pytest.mark.parametrize("table", TABLES)
def test_a_stranger_sees_nothing_of_another(organisation, other_organisation, table):
    make_sim(other_organisation)
    with tenant(organisation.pk):
        assert rows(f'SELECT count(*) FROM "{table}" WHERE organization_id <> %s', organisation.pk) == [(0,)]


def test_no_partition_can_be_read_by_its_own_name(organisation, month_of_usage):
    partitions = [name for name, _, _, partition in tenant_relations() if partition]
    assert partitions
    for name in partitions:
        with pytest.raises(DatabaseError, match="permission denied"), tenant(organisation.pk):
            rows(f'SELECT * FROM "{name}" LIMIT 1')


@pytest.fixture
def month_of_usage(organisation):
    """Partitions for a month, made as the application makes them."""
    with tenant(organisation.pk):
        rows("SELECT sims_usage_partitions('2026-10-01', '2026-10-31')")


def test_a_row_cannot_be_written_for_another(organisation, other_organisation):
    with pytest.raises(DatabaseError, match="row-level security"), tenant(organisation.pk):
        Customer.objects.create(organization=other_organisation, name="Smuggled")


def test_a_row_cannot_be_linked_to_anothers(organisation, other_organisation):
    with tenant(other_organisation.pk):
        theirs = Customer.objects.create(organization=other_organisation, name="Theirs")
    with pytest.raises(DatabaseError, match="foreign key"):
        make_sim(organisation, customer_id=theirs.pk)


def test_a_row_cannot_be_moved_to_another(organisation, other_organisation):
    sim = make_sim(organisation)
    with pytest.raises(DatabaseError, match="row-level security"), tenant(organisation.pk):
        Sim.objects.filter(pk=sim.pk).update(organization=other_organisation)


def test_two_tenants_may_have_the_same_iccid(organisation, other_organisation):
    sim = make_sim(organisation)
    assert make_sim(other_organisation, iccid=sim.iccid).iccid == sim.iccid


def test_another_tenant_inside_of_one_is_an_error(organisation, other_organisation):
    with pytest.raises(WrongTenant), tenant(organisation.pk), tenant(other_organisation.pk):
        pass


def test_the_wall_stands_again_after_a_joined_transaction(organisation):
    make_sim(organisation)
    with transaction.atomic():
        with tenant(organisation.pk):
            assert Sim.objects.count() == 1
        assert current_tenant() is None
        assert Sim.objects.count() == 0


def test_a_failed_call_leaves_no_tenant_behind(organisation):
    with pytest.raises(DatabaseError), tenant(organisation.pk):
        rows("SELECT 1/0")
    assert current_tenant() is None
    assert Sim.objects.count() == 0


def test_a_read_cannot_write(organisation):
    with pytest.raises(DatabaseError, match="read-only"), tenant(organisation.pk, read_only=True):
        Customer.objects.create(organization=organisation, name="Sneaky")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE core_auditevent SET who = 'me'", "DELETE FROM core_auditevent", "TRUNCATE core_auditevent"],
)
def test_the_audit_log_cannot_be_changed(actor, organisation, statement):
    list_jobs(actor)
    with pytest.raises(DatabaseError), tenant(organisation.pk):
        rows(statement)


def test_not_even_the_owner_changes_the_audit_log(organisation):
    from iotsim.core.tenancy import as_owner

    with tenant(organisation.pk):
        AuditEvent.objects.create(
            organization=organisation, service="x", outcome="done", who="me", role="owner", face="web"
        )
    with as_owner(), pytest.raises(DatabaseError, match="never changed"):
        rows("UPDATE core_auditevent SET who = 'somebody else'")


def test_the_owner_s_work_takes_no_connection_out_of_the_pool(organisation):
    from iotsim.core.tenancy import as_owner

    assert connection.pool is not None
    size = connection.pool.max_size
    for _ in range(size + 1):
        rows("SELECT 1")  # on a connection of the pool, which has it back before the owner's is opened
        with as_owner():
            rows("SELECT 1")
    assert rows("SELECT 1") == [(1,)]


def test_the_search_function_stays_inside_the_tenant(organisation, other_organisation):
    make_sim(other_organisation, label="needle in a stack")
    mine = make_sim(organisation, label="another needle")
    with tenant(organisation.pk):
        assert rows("SELECT sims_matching('needle')") == [(mine.pk,)]
    assert rows("SELECT sims_matching('needle')") == []
