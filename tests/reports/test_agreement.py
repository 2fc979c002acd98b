"""The same figures in every format and on every page."""

import json
import re
from collections import Counter
from datetime import date, timedelta

import pytest

from iotsim.core.wording import size
from sims.models import Sim
from sims.services.fleet import get_fleet_summary
from sims.services.history import get_usage_history
from tests.fleet import make_customer, make_plan, make_sim
from tests.reports.making import rows_of_csv, sheets_of, text_of_pdf, use


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
    assert money == {"currency": "EUR", "price_cents": price, "overage_cents": overage}
    assert overage > 0 and price > 0


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
