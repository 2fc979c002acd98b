"""Sentences about results: links to pages of ours, shares, how fresh, what is offered; labels are no markup."""

import pytest

from copilot.markdown import to_html
from copilot.planner.answers import answer_for, describe, link_of

CALL = {"name": "find_sims", "arguments": {}}


def test_a_row_is_a_link_to_its_page() -> None:
    row = {"iccid": "8944500000000000001", "label": "truck-17", "usage_bytes": 4_120_000_000, "status": "active"}
    assert describe(row) == "[truck-17](/sims/8944500000000000001/) (4.12\u00a0GB, active)"


@pytest.mark.parametrize("link", ["https://evil.example/x", "//evil.example", "javascript:alert(1)", "/x) [y](z"])
def test_only_pages_of_ours_are_linked(link: str) -> None:
    assert link_of({"link": link}) == ""


def test_a_label_is_no_markup() -> None:
    row = {"iccid": "8944500000000000001", "label": "[x](https://evil.example) **b** <img src=1>"}
    html = to_html(answer_for(CALL, {"sentence": "One SIM.", "items": [row]}))
    assert html.count("<a ") == 1 and 'href="/sims/8944500000000000001/"' in html
    assert "<strong>" not in html and "<img" not in html


def test_a_part_is_told_as_its_share_of_all() -> None:
    items = [{"name": "Acme", "currency": "EUR", "total_cents": 4500}]
    totals = [{"currency": "EUR", "total_cents": 10000}]
    told = answer_for(CALL, {"sentence": "Costs.", "items": items, "totals": totals})
    assert "Acme (€45.00, 45 % of all)" in told


def test_how_fresh_it_is_is_said_once() -> None:
    moment = "2026-11-22T08:00:00Z"
    assert answer_for(CALL, {"sentence": "Two.", "as_of": moment}).endswith("As of 2026-11-22 08:00 UTC.")
    here = answer_for(CALL, {"sentence": "Two.", "as_of": "2026-11-22T09:00:00+01:00"})
    assert here.endswith("As of 2026-11-22 09:00 UTC+01:00.")
    assert answer_for(CALL, {"sentence": "Two, as of today.", "as_of": moment}) == "Two, as of today."


def test_an_offer_ends_the_answer_as_a_question() -> None:
    offer = {"service": "update_quota", "arguments": {}, "words": "Raise its quota to 10 GB"}
    assert answer_for(CALL, {"sentence": "It runs out.", "offers": [offer]}).endswith(
        "Shall I raise its quota to 10 GB?"
    )
    assert "Soll ich das tun" in answer_for(CALL, {"sentence": "x", "offers": [offer]}, "de")
