"""What providers can keep: the beginning of each request is the same, and Anthropic's models are told where it ends."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from copilot.models import ModelCall
from copilot.prefix import marked, needs_marks
from copilot.prompt import STABLE
from tests.copilot.provider import say
from tests.copilot.running import ask, rows

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

USED = {"input_tokens": 12, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 100, "output_tokens": 1}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": USED}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I am "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Claude."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
]  # fmt: skip


class Anthropic(BaseHTTPRequestHandler):
    """Anthropic's messages interface, as far as a stream of text goes."""

    bodies: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in EVENTS:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def anthropic(settings, monkeypatch) -> Iterator[list[dict[str, Any]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Anthropic)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.COPILOT_MODEL = "anthropic/claude-sonnet-4-5"
    settings.COPILOT_API_BASE = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    Anthropic.bodies.clear()
    yield Anthropic.bodies
    server.shutdown()
    server.server_close()
    thread.join()


async def test_anthropic_is_told_what_to_keep_and_what_it_kept_is_counted(actor, anthropic):
    told = await ask(actor, "Who are you?")
    assert told.answer == "I am Claude.", told.events
    [body] = anthropic
    assert body["system"][0]["text"] == STABLE and body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert actor.name in body["system"][1]["text"] and "cache_control" not in body["system"][1]
    assert [place for place, one in enumerate(body["tools"]) if "cache_control" in one] == [len(body["tools"]) - 1]
    assert body["messages"][-1]["content"][0]["cache_control"] == {"type": "ephemeral"}
    [call] = rows(actor, ModelCall)
    assert (call.input_tokens, call.cached_tokens, call.output_tokens) == (1012, 900, 5)
    plain, million = 12 * 3, 1_000_000
    assert float(call.cost) == pytest.approx((plain + 900 * 0.3 + 100 * 3.75 + 5 * 15) / million)


async def test_the_beginning_of_each_request_is_the_same(actor, model, settings):
    model.script("One", say("Yes."))
    first = await ask(actor, "One")
    model.script("Two", say("Yes."))
    await ask(actor, "Two", thread_id=first.thread_id)
    one, two = model.asked("One")[0], model.asked("Two")[0]
    assert one["tools"] == two["tools"]
    assert two["messages"][: len(one["messages"])] == one["messages"]
    assert one["messages"][0]["content"].startswith(STABLE) and actor.name not in STABLE


def test_what_was_given_stays_without_marks():
    messages = [
        {"role": "system", "content": f"{STABLE}You act for A."},
        {"role": "tool", "tool_call_id": "1", "content": "{}"},
    ]
    tools = [{"type": "function", "function": {"name": "a"}}]
    said, functions = marked(messages, tools)
    assert said[1]["cache_control"] and functions[0]["cache_control"]
    assert "cache_control" not in json.dumps([messages, tools])
    assert needs_marks("bedrock/anthropic.claude-3") and not needs_marks("openai/gpt-4o")
