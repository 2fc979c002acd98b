"""Usage of SIMs that are not known is kept, and attached when they appear."""

from datetime import timedelta

from iotsim.core.tenancy import tenant
from sims.intake.attach import attach_unknown
from sims.models import Sim
from tests.fleet import make_sim
from tests.intake.samples import bics, bics_row, bring_in, cellhire, cellhire_row, iccid, noon, own, own_row
from tests.intake.state import days, every_byte, meaning, rows


def test_rows_of_unknown_sims_are_kept_and_counted(organisation, actor):
    job = bring_in(actor, own(own_row(), own_row(started_at=noon(2)), own_row(iccid=iccid(2))))
    assert (job.result["new"], job.result["unknown_rows"], job.result["unknown_sims"]) == (3, 3, 2)
    assert rows(organisation, "SELECT DISTINCT iccid, sim_id FROM sims_usagerecord ORDER BY 1") == [
        (iccid(1), None), (iccid(2), None),
    ]  # fmt: skip
    assert days(organisation) == []


def test_a_sim_that_appears_gets_its_records_days_and_cycle(organisation, actor):
    bring_in(actor, own(own_row(started_at=noon(0) - timedelta(days=1), bytes_up=9), own_row(iccid=iccid(2))))
    sim = make_sim(organisation, iccid=iccid(1)[:-1], status="test_ready")
    assert attach_unknown(organisation.pk, [sim.pk]) == 1
    [(card, _, up, *_)] = days(organisation)
    assert (card, up) == (sim.iccid, 9)
    with tenant(organisation.pk):
        shown = Sim.objects.get(pk=sim.pk)
    assert shown.status == "active" and shown.last_seen_at and shown.cycle_start_date


def test_attaching_twice_changes_nothing(organisation, actor):
    bring_in(actor, own(own_row()))
    sim = make_sim(organisation, iccid=iccid(1))
    attach_unknown(organisation.pk, [sim.pk])
    before = every_byte(organisation)
    assert attach_unknown(organisation.pk, [sim.pk]) == 0
    assert every_byte(organisation) == before


def test_usage_known_by_imsi_only_is_attached_unless_two_sims_have_it(organisation, actor):
    bring_in(actor, bics(bics_row(iccid=""), bics_row(iccid="", imsi="206280000000002")))
    sim = make_sim(organisation, iccid=iccid(1), imsi="206281000153009")
    twins = [make_sim(organisation, iccid=iccid(n), imsi="206280000000002") for n in (2, 3)]
    assert attach_unknown(organisation.pk, [sim.pk, *[twin.pk for twin in twins]]) == 1
    assert [card for card, *_ in days(organisation)] == [iccid(1)]


def test_a_correction_reaches_a_record_that_was_attached(organisation, actor):
    bring_in(actor, own(own_row(bytes_up=1)))
    sim = make_sim(organisation, iccid=iccid(1))
    attach_unknown(organisation.pk, [sim.pk])
    bring_in(actor, own(own_row(bytes_up=2)))
    assert [up for _, _, up, *_ in days(organisation)] == [2]


def test_the_order_in_which_sims_and_usage_come_does_not_matter(make_organisation, make_actor):
    content = [
        cellhire(*[cellhire_row(n, noon(3) + timedelta(hours=6 * n), 100 * n, 10 * n) for n in range(1, 9)]),
        own(
            *[
                own_row(started_at=noon(n), iccid=iccid(n % 3), imei="352099001761481", mcc="234", mnc="30")
                for n in range(1, 9)
            ]
        ),
    ]
    found = []
    for sims_first in (True, False):
        organisation = make_organisation("Order")
        actor = make_actor(organisation=organisation)
        if not sims_first:
            for one in content:
                bring_in(actor, one)
        sims = [make_sim(organisation, iccid=iccid(n), status="test_ready") for n in range(3)]
        attach_unknown(organisation.pk, [sim.pk for sim in sims])
        if sims_first:
            for one in content:
                bring_in(actor, one)
        found.append(meaning(organisation))
    assert found[0] == found[1]


def test_nobody_elses_records_are_attached(organisation, other_organisation, actor):
    bring_in(actor, own(own_row()))
    sim = make_sim(other_organisation, iccid=iccid(1))
    assert attach_unknown(other_organisation.pk, [sim.pk]) == 0
    assert attach_unknown(organisation.pk, [sim.pk]) == 0
