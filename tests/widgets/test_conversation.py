"""Widgets in a conversation: what was answered, as it was drawn then, with the way to draw it anew."""

import json

from copilot.conversation import Item, fold
from copilot.frames import frame_of
from copilot.render import Facts, item_html
from copilot.services.conversations import get_conversation
from iotsim.core import registry
from iotsim.core.guard import in_thread
from sims.services.quota import update_quota
from tests.copilot.conftest import fleet
from tests.copilot.running import ask, kept_events

__all__ = ["fleet"]


def widgets_of(told):
    return [one["value"] for one in told.of("CUSTOM") if "service" in one["value"]]


def html_of(item):
    return item_html(item, Facts())


async def test_one_sim_is_answered_with_a_card(actor, fleet):
    told = await ask(actor, "tell me about SIM 3456")
    [card] = widgets_of(told)
    assert (card["kind"], card["service"]) == ("card", "get_sim_details")
    html = html_of(Item(f"widget-{card['id']}", "widget", "1", card))
    for words in ("Active", "1.00\u00a0GB", "Basic", "€", "this cycle so far", "Last seen", "none open"):
        assert words in html, words
    assert "/act/toggle_sim_status/" in html and 'aria-label="Actions on SIM' in html
    assert 'aria-label="Refresh ' in html and "/act/pin_widget/" in html


async def test_who_may_not_change_sims_sees_no_acts_on_the_card(make_actor, fleet):
    viewer = await in_thread(make_actor, "viewer")
    [card] = widgets_of(await ask(viewer, "tell me about SIM 3456"))
    assert "/act/toggle_sim_status/" not in html_of(Item(f"widget-{card['id']}", "widget", "1", card))


async def test_a_list_is_a_table_with_its_title_age_and_page(actor, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    [table] = widgets_of(told)
    html = html_of(Item(f"table-{table['id']}", "table", "1", table))
    assert f'<h3 id="table-{table["id"]}-title">SIMs: min usage 5.00\u00a0GB<' in html
    assert 'href="/sims/?min_usage=' in html and "Open as page" in html and "Drawn" in html
    assert 'tabindex="0" role="group"' in html  # wide tables are scrolled by keys as well


async def test_what_was_drawn_stays_as_it_was_when_the_conversation_is_read_again(actor, fleet):
    told = await ask(actor, "tell me about SIM 3456")
    await in_thread(update_quota, actor, sim="3456", quota="77 GB")
    kept = fold((one.seq, one.payload) for one in kept_events(actor, told))
    [item] = [one for one in kept.items.values() if one.kind == "widget"]
    assert "of 1.00\u00a0GB" in html_of(item) and "77.00\u00a0GB" not in html_of(item)
    found = await in_thread(get_conversation, actor, thread=told.thread_id)
    assert [one.kind for one in found.entries] == ["said", "call", "widget", "answer"]


def test_an_answer_of_an_earlier_version_says_its_sentence_and_asks_to_be_refreshed():
    data = {
        "id": "c1",
        "kind": "card",
        "service": "get_sim_details",
        "result": {"gone": 1},
        "title": "SIM",
        "sentence": "It is active.",
    }
    html = html_of(Item("widget-c1", "widget", "1", data))
    assert "It is active." in html and "Refresh it" in html


def test_a_service_that_is_gone_breaks_nothing():
    data = {"id": "c1", "kind": "card", "service": "no_such_service", "result": {}, "title": "X", "sentence": "Said."}
    assert "Said." in html_of(Item("widget-c1", "widget", "1", data))


def test_a_table_from_before_widgets_is_still_shown():
    data = {"id": "c1", "columns": [{"label": "SIM", "numeric": False}], "rows": [], "more": "3 more.", "url": "/sims/"}
    html = html_of(Item("table-c1", "table", "1", data))
    assert "3 more." in html and "Refresh" not in html


def test_names_from_outside_stay_text():
    data = {
        "id": "c1", "kind": "table", "service": "find_sims", "arguments": {"search": '"><script>x</script>'},
        "title": "<b>T</b>", "columns": [], "rows": [], "address": '/copilot/widgets/find_sims/?search="><i>',
    }  # fmt: skip
    html = html_of(Item("table-c1", "table", "1", data))
    assert "<script" not in html and "<b>" not in html and "<i>" not in html
    vals = frame_of(data, element="table-c1")["pin_vals"]
    assert json.loads(json.loads(vals)["arguments"]) == data["arguments"]


async def test_a_change_has_no_refresh_and_no_pin(actor, fleet):
    told = await ask(actor, "Suspend SIM ending in 3456")
    assert all(not one["address"] for one in widgets_of(told))


def test_every_card_belongs_to_a_service_that_reads():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2] / "templates"
    cards = [path.stem.removesuffix("_card") for path in root.rglob("*_card.html")]
    assert cards and all(registry.get(name).is_read for name in cards)
