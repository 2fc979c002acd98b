"""Things side by side: what each used in a period and in the one before."""

from datetime import timedelta

import pytest

from analytics.services.comparison import compare_usage
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.tenancy import tenant
from sims.models import Operator, Sim
from tests.dates import today
from tests.fleet import make_customer, make_sim, use

MB = 10**6


def used(sim, *, now, before):
    """So many megabytes in the last ten whole days, and in the ten before."""
    use(sim, today() - timedelta(days=3), now * MB)
    if before:
        use(sim, today() - timedelta(days=13), before * MB)


def last_ten():
    return {"start_date": today() - timedelta(days=10), "end_date": today() - timedelta(days=1)}


@pytest.fixture
def fleet(organisation):
    acme, globex = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    with tenant(organisation.pk, read_only=True):
        operator = Operator.objects.filter(name__iexact="Vodafone").first()
    sims = {
        "a": make_sim(organisation, label="a", customer=acme, operator=operator),
        "b": make_sim(organisation, label="b", customer=acme),
        "c": make_sim(organisation, label="c", customer=globex),
    }
    used(sims["a"], now=20, before=10)
    used(sims["b"], now=5, before=0)
    used(sims["c"], now=40, before=80)
    return sims


def seen(found):
    return [(one.name, one.usage_bytes // MB, one.before_bytes // MB, one.change_words) for one in found.items]


def test_sims_the_heaviest_first(actor, fleet):
    period = last_ten()
    span = (period["start_date"] - timedelta(days=10), period["start_date"] - timedelta(days=1))
    found = compare_usage(actor, sims=["a", "b"], **period)
    change = seen(found)
    assert [one[:2] for one in change] == [("a", 20), ("b", 5)]
    assert found.items[0].share == 100 and found.items[1].share == 25
    assert "4.0 times as much" in found.sentence
    assert (found.before_start_date, found.before_end_date) == span or period["start_date"].day == 1


def test_customers_and_operators(actor, fleet):
    customers = compare_usage(actor, customers=["Acme", "Globex"], **last_ten())
    assert [(one.name, one.usage_bytes // MB, one.sims) for one in customers.items] == [
        ("Globex", 40, 1),
        ("Acme", 25, 2),
    ]
    operators = compare_usage(actor, operators=["Vodafone"], **last_ten())
    assert operators.items[0].usage_bytes == 20 * MB


def test_without_any_of_them_the_fleet_beside_the_period_before(actor, fleet):
    found = compare_usage(actor, **last_ten())
    assert [one.name for one in found.items] == ["All SIMs"] and found.items[0].usage_bytes == 65 * MB
    assert found.title == "This period and the one before"


def test_what_cannot_be_compared(actor, fleet):
    with pytest.raises(Invalid, match="one kind with another"):
        compare_usage(actor, sims=["a"], customers=["Acme"])
    with pytest.raises(NotFound):
        compare_usage(actor, sims=["a", "zeppelin"])


def test_other_customers_are_out_of_sight(make_actor, fleet, organisation):
    with tenant(organisation.pk):
        acme = Sim.objects.get(label="a").customer_id
    limited = make_actor("owner", customer_ids=[acme])
    with pytest.raises(NotFound):
        compare_usage(limited, customers=["Acme", "Globex"])
    assert compare_usage(limited, **last_ten()).items[0].usage_bytes == 25 * MB
