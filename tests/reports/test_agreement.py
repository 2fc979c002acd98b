"""The same figures in every format and on every page."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.services.charts import generate_chart
from iotsim.core.wording import size
from sims.models import Sim
from sims.services.fleet import get_fleet_summary
from sims.services.history import get_usage_history
from sims.services.limits import list_pools
from tests.fleet import make_customer, make_plan, make_sim
from tests.reports.making import rows_of_csv, sheets_of, text_of_pdf, use

MB = 10**6


@pytest.fixture
def fleet(organisation, today) -> list[Sim]:
    """Three SIMs with usage on several of the last thirty days, and one that has none."""
    plan = make_plan(organisation, quota_bytes=10_000_000, overage_cents_per_mb=5, billing_day=15)
    acme, other = make_customer(organisation, "Acme"), make_customer(organisation, "Nordlicht")
    common = {"plan": plan}
    sims = [
        make_sim(organisation, label="pump-1", customer=acme, country="DE", **common),
        make_sim(organisation, label="pump-2", customer=other, country="FR", **common),
        make_sim(organisation, label="truck", customer=acme, country="DE"),
        make_sim(organisation, label="idle", customer=acme, country="DE", **common),
    ]
    for number, sim in enumerate(sims[:3], start=1):
        for back in range(0, 30, number):
            day = today - timedelta(days=back)
            use(organisation, sim, day, up=1_000_003 * number + back, down=7_000_001 * number, sessions=2, sms=1)
    return sims


def test_every_format_the_history_and_the_summary_agree(make_report, actor, fleet):
    lines = rows_of_csv(make_report(format="csv")[1])
    daily = rows_of_csv(make_report(format="csv", per="day")[1])
    document = json.loads(make_report(format="json")[1])
    book = sheets_of(make_report(format="xlsx")[1])
    pdf = text_of_pdf(make_report(format="pdf")[1])
    history = {sim.iccid: get_usage_history(actor, sim=sim.iccid) for sim in fleet}

    by_sim = {line["ICCID"]: int(line["Total, bytes"]) for line in lines}
    assert by_sim == {iccid: one.total_bytes for iccid, one in history.items()}
    total = sum(by_sim.values())
    assert total == document["totals"]["bytes_total"] == sum(row["bytes_total"] for row in document["rows"])
    assert total == sum(int(line["Total, bytes"]) for line in daily)
    assert total == sum(day.bytes_total for day in get_fleet_summary(actor).timeline)
    summary = {row[0].value: row[1].value for row in book["Summary"].iter_rows(min_row=3)}
    assert total == summary["Total, bytes"] == sum(row[10].value for row in book["SIMs"].iter_rows(min_row=2))
    assert total == sum(row[3].value for row in book["Days"].iter_rows(min_row=2))
    assert size(total).replace("\u00a0", " ") in pdf

    by_day = Counter()
    for line in daily:
        by_day[line["Day"]] += int(line["Total, bytes"])
    assert by_day == {day["day"]: day["bytes_total"] for day in document["days"] if day["bytes_total"]}
    assert {str(day.day): day.bytes_total for day in get_fleet_summary(actor).timeline} == {
        day["day"]: day["bytes_total"] for day in document["days"]
    }


def test_sessions_messages_and_money_agree_too(make_report, fleet):
    lines = rows_of_csv(make_report(format="csv")[1])
    document = json.loads(make_report(format="json")[1])
    assert sum(int(line["Sessions"]) for line in lines) == document["totals"]["sessions"] == 2 * (30 + 15 + 10)
    assert sum(int(line["SMS"]) for line in lines) == document["totals"]["sms"] == 30 + 15 + 10
    [money] = document["totals"]["money"]
    overage = sum(round(100 * float(line["Overage in the period"] or 0)) for line in lines)
    price = sum(round(100 * float(line["Plan price for the period"] or 0)) for line in lines)
    assert overage > 0 and price > 0 and money["currency"] == "EUR"
    # Each row is rounded to the cent, and so is the sum of what was not rounded.
    assert abs(money["price_cents"] - price) <= len(lines) / 2
    assert abs(money["overage_cents"] - overage) <= len(lines) / 2


def test_report_chart_and_pools_mean_the_same_money(make_report, actor, organisation, today):
    """Of this cycle so far: pools of two customers and of nobody, with a retired SIM and one ready for test."""
    now = datetime.now(UTC)
    shared = make_plan(organisation, "Shared", quota_bytes=10 * MB, overage_cents_per_mb=100, pooled=True)
    own = make_plan(organisation, "Own", quota_bytes=MB, overage_cents_per_mb=7)
    acme, other = make_customer(organisation, "Acme"), make_customer(organisation, "Nordlicht")
    start = today.replace(day=1)
    for customer, plan, used, fields in [
        (acme, shared, 25, {}),
        (acme, shared, 1, {"status": "retired", "activated_at": now - timedelta(days=90)}),
        (acme, shared, 0, {"status": "test_ready"}),
        (other, shared, 13, {}),
        (other, own, 3, {"activated_at": now}),
        (None, shared, 4, {}),
        (None, None, 4, {}),
    ]:
        sim = make_sim(
            organisation, plan=plan, customer=customer, cycle_bytes=used * MB, cycle_start_date=start, **fields
        )
        use(organisation, sim, today, down=used * MB)

    document = json.loads(make_report(format="json", start_date=str(start), end_date=str(today))[1])
    [money] = document["totals"]["money"]
    chart = generate_chart(actor, chart_type="cost_breakdown", start_date=start, end_date=today, group_by="customer")
    plans, overage = ({row[0].text: round(100 * row[n].value) for row in chart.rows} for n in (3, 4))
    by_customer = Counter()
    for row in document["rows"]:
        by_customer[row["customer"] or "No customer"] += row["overage_cents"] or 0
    pools = {one.customer: one.over_bytes * 100 // MB for one in list_pools(actor).items}

    assert pools == {"Acme": 600, "Nordlicht": 300, None: 0}
    assert overage == {"Acme": 600, "Nordlicht": 314, "No customer": 0} and by_customer == overage
    assert (money["price_cents"], money["overage_cents"]) == (sum(plans.values()), 914)


def test_overage_is_counted_cycle_by_cycle(make_report, organisation):
    plan = make_plan(organisation, quota_bytes=10_000_000, overage_cents_per_mb=10, price_cents=310, billing_day=10)
    sim = make_sim(organisation, plan=plan)
    use(organisation, sim, date(2026, 10, 5), down=14_000_000)  # 4 MB over in the cycle that ends on the 9th
    use(organisation, sim, date(2026, 10, 12), down=9_000_000)  # below the quota of the next
    document = json.loads(make_report(format="json", start_date="2026-10-01", end_date="2026-10-31")[1])
    assert document["rows"][0]["overage_cents"] == 40
    # Nine of the 30 days of one cycle, and 22 of the 31 of the next.
    assert document["rows"][0]["price_cents"] == round(310 * (9 / 30 + 22 / 31))


def test_the_same_call_sums_up_to_the_fleet_by_country_in_the_pdf(make_report, fleet):
    pdf = text_of_pdf(make_report(format="pdf")[1])
    assert re.search(r"Germany", pdf) and re.search(r"France", pdf)
