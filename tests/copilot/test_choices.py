"""Answers to choose from: an event, an item in the log, buttons that ask; gone with the next question."""

from copilot import agui
from copilot.conversation import fold
from copilot.recorder import as_json
from copilot.render import Facts, item_html

CHOICES = {
    "question": "Which SIM is it?",
    "options": [{"words": "truck-17", "say": "truck-17"}, {"words": "<b>", "say": 'say "b"'}],
}
ASKED = as_json(agui.asked_back(CHOICES, message_id="m1-1"))


def test_choices_are_buttons_that_ask():
    conversation = fold([(1, ASKED)])
    html = item_html(conversation.items["choices-m1-1"], Facts())
    assert 'id="choices-m1-1"' in html and 'data-ask="truck-17"' in html
    assert "&lt;b&gt;" in html and 'data-ask="say &quot;b&quot;"' in html
    assert 'aria-label="Which SIM is it?"' in html and "hidden" not in html


def test_choices_are_gone_once_the_person_has_said_something():
    said = {"type": "TEXT_MESSAGE_CHUNK", "role": "user", "messageId": "u2", "delta": "truck-17"}
    conversation = fold([(1, ASKED), (2, said)])
    assert [item.id for item in conversation.since(1)] == ["choices-m1-1", "u2"]
    assert " hidden" in item_html(conversation.items["choices-m1-1"], Facts())
