"""What SIMs used together: named ones, those that fit, or all."""

from datetime import date, timedelta

import pytest

from analytics.services.comparison import compare_usage
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.tenancy import tenant
from sims.lifecycle import Status
from sims.models import SimTag, Tag
from sims.services.fleet import get_fleet_summary
from sims.services.together import get_usage_of_sims
from sims.usage import local_today
from tests.fleet import make_customer, make_plan, make_sim, use

MB = 10**6


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.fixture
def today(actor) -> date:
    return local_today(actor)


@pytest.fixture
def fleet(organisation, today):
    """Three SIMs of Acme with 5, 7 and 0 MB, one of nobody with 11, and some that rest."""
    acme, plan = make_customer(organisation), make_plan(organisation)
    sims = [make_sim(organisation, label=f"pump-{n}", customer=acme, plan=plan, country="DE") for n in range(3)]
    sims.append(make_sim(organisation, label="crane", country="FR"))
    make_sim(organisation, label="in stock", status=Status.INVENTORY)
    gone = make_sim(organisation, label="gone", status=Status.RETIRED, country="FR")
    use(sims[0], today, 5 * MB)
    use(sims[0], today - timedelta(days=40), 100 * MB)
    use(sims[1], today - timedelta(days=1), 7 * MB)
    use(sims[3], today, 11 * MB)
    use(gone, today - timedelta(days=20), 2 * MB)
    return sims


def test_several_by_name(actor, fleet):
    told = get_usage_of_sims(actor, sims=["pump-0", "pump-1", "pump-2"])
    assert (told.total_bytes, told.sims, told.silent) == (12 * MB, 3, 1)
    assert [(one.label, one.usage_bytes) for one in told.items] == [
        ("pump-1", 7 * MB),
        ("pump-0", 5 * MB),
        ("pump-2", 0),
    ]
    assert plain(told.sentence).startswith("3 SIMs used 12.0 MB from ")
    assert plain(told.sentence).endswith(". 1 SIM used nothing.")


def test_all_with_what_was_used_by_sims_that_are_retired_by_now(actor, fleet, today):
    told = get_usage_of_sims(actor)
    assert (told.total_bytes, told.sims, told.silent) == (25 * MB, 5, 1)
    assert [one.label for one in told.items] == ["crane", "pump-1", "pump-0", "gone", "pump-2"]
    assert plain(get_usage_of_sims(actor, start_date=today).sentence).startswith(
        f"4 SIMs used 16.0 MB on {today:%-d %b %Y}."
    )


def test_it_is_the_figure_that_the_dashboard_and_the_comparison_show(actor, fleet, today):
    shown = sum(one.bytes_up + one.bytes_down for one in get_fleet_summary(actor).timeline)
    assert get_usage_of_sims(actor).total_bytes == shown
    past = {"start_date": today - timedelta(days=40), "end_date": today - timedelta(days=1)}
    for which, total in (({}, 109 * MB), ({"customer": "Acme"}, 107 * MB)):
        [compared] = compare_usage(actor, **{f"{name}s": [one] for name, one in which.items()}, **past).items
        assert get_usage_of_sims(actor, **which, **past).total_bytes == compared.usage_bytes == total


@pytest.mark.parametrize(
    ("which", "words", "total"),
    [
        ({"customer": "acme"}, "3 SIMs of acme used", 12 * MB),
        ({"plan": "Basic"}, "3 SIMs on plan Basic used", 12 * MB),
        ({"country": "FR"}, "2 SIMs in FR used", 13 * MB),
        ({"tag": "north", "country": "DE"}, "1 SIM in DE, tagged north used", 7 * MB),
    ],
)
def test_those_that_fit(actor, organisation, fleet, which, words, total):
    with tenant(organisation.pk):
        tag = Tag.objects.create(organization=organisation, name="north")
        for one in (fleet[1], fleet[3]):
            SimTag.objects.create(organization=organisation, tag=tag, sim=one)
    told = get_usage_of_sims(actor, **which)
    assert told.total_bytes == total and plain(told.sentence).startswith(words)


def test_an_earlier_period_and_no_more_rows_than_wanted(actor, fleet, today):
    told = get_usage_of_sims(actor, start_date=today - timedelta(days=60), end_date=today - timedelta(days=30), limit=2)
    assert (told.total_bytes, told.sims, told.silent) == (100 * MB, 4, 3)
    assert [one.usage_bytes for one in told.items] == [100 * MB, 0]


def test_nothing_of_others(actor, make_actor, organisation, other_organisation, fleet, today):
    use(make_sim(other_organisation, label="theirs"), today, 1000 * MB)
    assert get_usage_of_sims(actor).total_bytes == 25 * MB
    limited = make_actor("viewer", customer_ids=[make_customer(organisation, "Mine").pk])
    told = get_usage_of_sims(limited)
    assert (told.total_bytes, told.sims, told.items) == (0, 0, [])
    assert told.sentence == "There are no SIMs that could have used anything."
    with pytest.raises(NotFound):
        get_usage_of_sims(limited, customer="Acme")


def test_what_makes_no_sense_is_a_sentence(actor, fleet, today):
    with pytest.raises(Invalid, match="not both"):
        get_usage_of_sims(actor, sims=["pump-0"], customer="Acme")
    with pytest.raises(Invalid, match="ends before that"):
        get_usage_of_sims(actor, start_date=today, end_date=today - timedelta(days=1))
