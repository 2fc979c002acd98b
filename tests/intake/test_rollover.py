"""Billing cycles begin by themselves, each at its own day in the organisation's zone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from iotsim.core.tenancy import tenant
from sims.intake.exclusive import writing_usage
from sims.intake.fleet import roll_cycles
from sims.models import Sim
from sims.tasks import roll_cycles as roll_all
from tests.dates import today
from tests.fleet import make_plan, make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row


def age_cycle(organisation, **fields):
    """As if the last look had been a month ago."""
    with tenant(organisation.pk):
        Sim.objects.update(cycle_start_date=today() - timedelta(days=40), cycle_bytes=999, **fields)


def sims(organisation):
    with tenant(organisation.pk):
        return {sim.iccid: sim for sim in Sim.objects.all()}


def roll(organisation):
    with writing_usage(organisation.pk):
        return roll_cycles(organisation.pk, ZoneInfo("UTC"))


def test_a_new_cycle_counts_from_its_first_day(organisation, actor):
    yesterday = today() - timedelta(days=1)
    make_sim(organisation, iccid=iccid(1), plan=make_plan(organisation, "A", billing_day=yesterday.day))
    make_sim(organisation, iccid=iccid(2), plan=make_plan(organisation, "B", billing_day=today().day))
    rows = [own_row(iccid=iccid(n), started_at=noon(1), bytes_up=5, bytes_down=0) for n in (1, 2)]
    bring_in(actor, own(*rows))
    age_cycle(organisation)
    assert roll(organisation) == 2
    found = sims(organisation)
    assert (found[iccid(1)].cycle_bytes, found[iccid(1)].cycle_start_date) == (5, yesterday)
    assert (found[iccid(2)].cycle_bytes, found[iccid(2)].cycle_start_date) == (0, today())
    assert roll(organisation) == 0


def test_without_a_plan_the_cycle_is_the_calendar_month(organisation):
    make_sim(organisation, iccid=iccid(1))
    roll(organisation)
    assert sims(organisation)[iccid(1)].cycle_start_date == today().replace(day=1)


def test_the_task_goes_over_all_organisations(organisation, other_organisation):
    for one in (organisation, other_organisation):
        make_sim(one, iccid=iccid(1))
        age_cycle(one)
    assert roll_all() >= 2
    for one in (organisation, other_organisation):
        assert sims(one)[iccid(1)].cycle_bytes == 0
        assert isinstance(sims(one)[iccid(1)].cycle_start_date, date)
