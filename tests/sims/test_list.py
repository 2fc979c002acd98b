"""The SIM list: filters, orders, pages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from iotsim.core.errors import Invalid
from iotsim.core.tenancy import tenant
from sims.models import Operator
from sims.services.fleet import find_sims, get_fleet_summary
from sims.services.tags import tag_sims
from tests.fleet import make_plan, make_sim

GB = 1_000_000_000


def found(actor, **wanted) -> set[str]:
    return {row.label for row in find_sims(actor, **wanted).items}


@pytest.fixture
def fleet(organisation, actor):
    plan = make_plan(organisation, "Gold", quota_bytes=5 * GB)
    vodafone = Operator.objects.filter(name="Vodafone", country="DE").first()
    make_sim(organisation, label="a", cycle_bytes=6 * GB, plan=plan, country="DE", operator=vodafone)
    make_sim(organisation, label="b", cycle_bytes=5 * GB, status="suspended", country="DE")
    make_sim(organisation, label="c", cycle_bytes=1, status="retired", country="FR")
    tag_sims(actor, sims=["a", "c"], tag="Blue")


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        ({}, {"a", "b", "c"}),
        ({"status": "active"}, {"a"}),
        ({"status": ["suspended", "retired"]}, {"b", "c"}),
        ({"min_usage": "5GB"}, {"a", "b"}),
        ({"max_usage": "1 kB"}, {"c"}),
        ({"min_usage": "5.5 GB", "max_usage": "7 GB"}, {"a"}),
        ({"plan": "gold"}, {"a"}),
        ({"tag": "blue"}, {"a", "c"}),
        ({"tag": "blue", "country": "FR"}, {"c"}),
        ({"operator": "Vodafone"}, {"a"}),
        ({"country": "DE", "status": "suspended"}, {"b"}),
    ],
)
def test_a_filter_keeps_what_fits(actor, fleet, wanted, labels):
    assert found(actor, **wanted) == labels


def test_a_range_upside_down_is_told(actor):
    with pytest.raises(Invalid, match="smallest usage"):
        find_sims(actor, min_usage="2 GB", max_usage="1 GB")


@pytest.mark.parametrize("needle", ["truck", "TRUCK-0", "0_1%", "%\\x", "49151"])
def test_a_search_looks_into_label_and_numbers_as_they_are_written(actor, organisation, needle):
    make_sim(organisation, label="Truck-0_1%\\x", msisdn="4915100")
    make_sim(organisation, label="Truc-001x")
    assert found(actor, search=needle) == {"Truck-0_1%\\x"}


def test_a_search_of_one_letter_is_refused(actor):
    with pytest.raises(Invalid, match="at least 2"):
        find_sims(actor, search="x")


def test_a_changed_label_is_found_by_its_new_name_only(actor, organisation):
    sim = make_sim(organisation, label="before")
    with tenant(organisation.pk):
        sim.label = "afterwards"
        sim.save(update_fields=["label"])
    assert found(actor, search="afterwards") == {"afterwards"}
    assert found(actor, search="before") == set()


@pytest.mark.parametrize("sort", ["usage", "-usage", "iccid", "label", "last_seen", "-last_seen", "status"])
def test_pages_in_any_order_hold_each_sim_once(actor, organisation, sort):
    now = timezone.now()
    for step in range(11):
        seen = now - timedelta(hours=step // 2) if step % 3 else None
        status = ["active", "inactive", "suspended"][step % 3]
        make_sim(organisation, label=f"l{step % 4}", cycle_bytes=step // 3, last_seen_at=seen, status=status)
    whole = [row.id for row in find_sims(actor, sort=sort).items]
    paged, cursor = [], None
    while True:
        page = find_sims(actor, sort=sort, limit=3, cursor=cursor)
        paged += [row.id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole and len(set(paged)) == 11


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ1c2FnZSJd", "W10", "bnVsbA", "WyItdXNhZ2UiLCAieCIsIDFd", "é"])
def test_a_made_up_cursor_is_told(actor, organisation, cursor):
    make_sim(organisation)
    with pytest.raises(Invalid, match="cursor"):
        find_sims(actor, cursor=cursor)


def test_a_longer_list_costs_no_more_queries(actor, organisation, fleet):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            find_sims(actor)
        return len(caught)

    few = queries()
    for _ in range(20):
        make_sim(organisation, plan=make_plan(organisation, f"p{_}"))
    assert queries() == few


def test_the_sentence_says_what_was_found(actor, fleet):
    sentence = find_sims(actor, min_usage="5GB").sentence.replace("\u00a0", " ")
    assert sentence == "2 SIMs (using 5.00 GB or more). The heaviest is a with 6.00 GB this cycle."
    assert find_sims(actor, country="IT").sentence == "No SIMs fit (in IT)."


def test_an_empty_fleet_says_how_to_begin(actor):
    summary = get_fleet_summary(actor)
    assert summary.sims == 0 and "Import" in summary.sentence and len(summary.timeline) == 30


def test_the_summary_counts_by_state_quota_and_silence(actor, fleet):
    summary = get_fleet_summary(actor)
    assert summary.by_status == {"active": 1, "suspended": 1, "retired": 1}
    assert (summary.over_quota, summary.near_quota, summary.silent) == (1, 0, 1)
    assert summary.usage_bytes == 11 * GB + 1
    assert summary.recurring_cents == 300
    assert [row.label for row in summary.top] == ["a", "b", "c"]
