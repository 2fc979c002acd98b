"""SIM lists: new SIMs are added, known ones updated where the list has values, usage that waited is attached."""

import pytest

from iotsim.core.tenancy import tenant
from sims.models import Customer, Sim, StatusChange, Tag
from sims.services.intake import get_intake, list_intakes
from tests.fleet import make_customer, make_plan, make_sim
from tests.intake.samples import bring_in, iccid, own, own_row
from tests.intake.state import days, every_byte, rows

HEADER = "iccid,imsi,msisdn,eid,imei,label,customer,plan,operator,tags,status"


def listed(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def take(actor, content, **options):
    return bring_in(actor, content, service="import_sims", name="sims.csv", **options)


def sims(organisation):
    with tenant(organisation.pk):
        return list(Sim.objects.select_related("customer", "plan", "operator").order_by("iccid"))


def test_a_list_adds_sims_with_all_that_it_says(organisation, actor):
    plan = make_plan(organisation, "Gold")
    make_customer(organisation, "Acme")
    job = take(
        actor,
        listed(
            f"{iccid(1)},206280000000001,+32 770 004 084,89049032123451234512345678901235,3520990017614801,Truck 1,"
            "acme,GOLD,Orange France,red;blue,test ready",
            f"{iccid(2)},,,,,,Globex,,206-01,blue,",
        ),
    )
    assert job.state == "done", job.error
    assert job.result["sentence"] == "sims.csv: 2 new SIMs."
    first, second = sims(organisation)
    assert (first.imsi, first.msisdn, first.imei, first.label) == (
        "206280000000001", "32770004084", "352099001761481", "Truck 1",
    )  # fmt: skip
    assert first.eid and first.plan == plan and first.customer and first.customer.name == "Acme"
    assert (first.operator and first.operator.name, first.country, first.status) == ("Orange", "FR", "test_ready")
    assert (second.status, second.country, second.customer and second.customer.name) == ("inventory", "BE", "Globex")
    with tenant(organisation.pk):
        assert sorted(first.sim_tags.values_list("tag__name", flat=True)) == ["blue", "red"]
        assert Customer.objects.count() == 2 and Tag.objects.count() == 2
        [change] = StatusChange.objects.all()
    assert (change.sim_id, change.from_status, change.to_status, change.reason) == (
        first.pk, "inventory", "test_ready", "import",
    )  # fmt: skip


def test_a_list_twice_changes_nothing(organisation, actor):
    content = listed(f"{iccid(1)},206280000000001,,,,Truck 1,Acme,,Proximus,red,active", f"{iccid(2)},,,,,,,,,,")
    take(actor, content)
    before = every_byte(organisation)
    job = take(actor, content)
    assert (job.result["new"], job.result["corrections"], job.result["duplicates"]) == (0, 0, 2)
    assert every_byte(organisation) == before


def test_known_sims_get_the_values_of_the_list_and_keep_the_others(organisation, actor):
    make_sim(organisation, iccid=iccid(1)[:-1], label="Old", imsi="206280000000001", status="suspended")
    job = take(actor, listed(f"{iccid(1)},,32770004084,,,New,Acme,,,red,active"))
    assert job.result["corrections"] == 1
    [sim] = sims(organisation)
    assert (sim.label, sim.imsi, sim.msisdn, sim.status) == ("New", "206280000000001", "32770004084", "suspended")
    assert "status of SIMs that are known already was left as it is (1 rows)" in " ".join(job.result["notes"])


def test_a_card_that_stands_twice_is_added_once_and_then_updated(organisation, actor):
    job = take(actor, listed(f"{iccid(1)},,,,,First,,,,,", f"{iccid(1)},,,,,Second,,,,,"))
    assert (job.result["new"], job.result["corrections"]) == (1, 1)
    assert [sim.label for sim in sims(organisation)] == ["Second"]


def test_without_an_operator_a_sim_is_at_home(organisation, actor):
    take(actor, listed(f"{iccid(1)},262011234567890", header="iccid,imsi"))
    [sim] = sims(organisation)
    assert sim.country == "DE" and sim.operator


def test_where_a_sim_was_seen_counts_more_than_the_list(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(mcc="208", mnc="01")))
    take(actor, listed(f"{iccid(1)},Proximus", header="iccid,operator"))
    assert [sim.country for sim in sims(organisation)] == ["FR"]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("8.98E+18,,,,,,,,,,", "iccid", "a spreadsheet has rounded this number"),
        (",,,,,,,,,,x", "iccid", "ICCID is empty"),
        (f"{iccid(1)},12AB,,,,,,,,,", "imsi", "characters other than digits"),
        (f"{iccid(1)},,1,,,,,,,,", "msisdn", "it should have 5 to 15"),
        (f"{iccid(1)},,,123,,,,,,,", "eid", "it should have 32"),
        (f"{iccid(1)},,,,352099001761482,,,,,,", "imei", "check digit"),
        (f"{iccid(1)},,,,,{'x' * 121},,,,,", "label", "longer than 120"),
        (f"{iccid(1)},,,,,,,,,{'x' * 61},", "tags", "longer than 60"),
        (f"{iccid(1)},,,,,,,,,,lost", "status", "status is none of inventory, test ready, active"),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_and_the_rest_is(organisation, actor, line, column, reason):
    job = take(actor, listed(line, f"{iccid(2)},,,,,,,,,,"))
    assert (job.result["new"], job.result["refused"]) == (1, 1)
    [row] = get_intake(actor, intake=job.result["id"]).refused_rows
    assert (row.row_number, row.column, row.raw_line) == (2, column, line)
    assert reason in row.reason


def test_an_unknown_plan_or_operator_is_left_out_and_noted(organisation, actor):
    job = take(actor, listed(f"{iccid(1)},,,,,,,Platinum,Nobody Mobile,,"))
    notes = " ".join(job.result["notes"])
    assert "The plan Platinum is not known" in notes and "The operator Nobody Mobile is not known" in notes
    assert len(sims(organisation)) == 1


def test_usage_that_waited_for_its_sims_is_attached(organisation, actor):
    bring_in(actor, own(own_row(), own_row(iccid=iccid(2))))
    job = take(actor, listed(f"{iccid(1)},,,,,,,,,,test_ready"))
    assert job.result["attached"] == 1
    assert [card for card, *_ in days(organisation)] == [iccid(1)]
    assert [sim.status for sim in sims(organisation)] == ["active"]


def test_a_known_sim_that_learns_its_imsi_gets_the_usage_of_it(organisation, actor):
    from tests.intake.samples import bics, bics_row

    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, bics(bics_row(iccid="")))
    job = take(actor, listed(f"{iccid(1)},206281000153009", header="iccid,imsi"))
    assert job.result["attached"] == 1 and len(days(organisation)) == 1


def test_columns_that_nothing_is_kept_under_are_named(organisation, actor):
    job = take(actor, listed(f"{iccid(1)},Ghent,1234", header="iccid,site,pin1"))
    assert job.result["notes"] == ["Columns left out, since nothing is kept under these names: site, pin1."]
    assert rows(organisation, "SELECT 1 FROM sims_sim WHERE sims_sim::text LIKE '%%Ghent%%'") == []


def test_usage_among_the_lists_is_told_apart(organisation, actor):
    assert "Import it as usage." in take(actor, own(own_row())).error
    [intake] = list_intakes(actor).items
    assert (intake.kind, intake.state) == ("sims", "refused")


def test_a_list_needs_an_iccid(organisation, actor):
    assert (
        "This looks like SIM inventory, but these columns are missing: iccid." in take(actor, "imsi,label\n1,2\n").error
    )


def test_a_list_longer_than_a_block_is_taken_whole(organisation, actor, monkeypatch):
    monkeypatch.setattr("sims.intake.inventory.BLOCK_BYTES", 500)
    job = take(actor, listed(*[f"{iccid(n)},,,,,Truck {n},Acme,,,red," for n in range(100)]))
    assert job.result["new"] == 100 and len(sims(organisation)) == 100
    assert rows(organisation, "SELECT count(*) FROM sims_simtag") == [(100,)]


def test_sims_are_not_shared_between_organisations(organisation, other_organisation, actor, make_actor):
    make_sim(other_organisation, iccid=iccid(1), label="Theirs")
    job = take(actor, listed(f"{iccid(1)},,,,,Ours,,,,,"))
    assert job.result["new"] == 1
    assert [sim.label for sim in sims(other_organisation)] == ["Theirs"]


def test_a_refused_row_makes_no_customer_and_no_tag(organisation, actor):
    take(actor, listed("8.98E+18,,,,,,Ghost,,,ghost,"))
    with tenant(organisation.pk):
        assert not Customer.objects.exists() and not Tag.objects.exists()
