"""Spans of runs by the GenAI conventions: kept in memory here, and sent over OTLP where that package is installed."""

import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from copilot import threads, tracing, tracing_setup
from copilot.runner import Runner
from iotsim import processes
from iotsim.core.guard import in_thread
from iotsim.core.keys import create_key
from tests.conftest import REPOSITORY
from tests.copilot.provider import Reply, call_tools, delta, fails, say
from tests.copilot.running import ask, run_of
from tests.copilot.sse import Program, wanted

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def spans():
    """The spans that ended, newest last."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracing_setup._given.append(tracing_setup.provider_for(exporter, at_once=True))
    yield exporter.get_finished_spans
    tracing_setup._given.pop()


def named(spans, start):
    return [one for one in spans() if one.name.startswith(start)]


async def test_a_run_is_an_agent_with_its_model_calls_and_tools_below(actor, model, fleet, spans):
    model.script("Heavy?", call_tools(("find_sims", {"min_usage": "5GB"})), say("Three SIMs."))
    told = await ask(actor, "Heavy?")
    assert [one.name for one in spans()] == [
        "chat gpt-4o-mini", "execute_tool find_sims", "chat gpt-4o-mini", "invoke_agent iotsim copilot"
    ]  # fmt: skip
    first, tool, last, agent = spans()
    assert all(one.parent.span_id == agent.context.span_id for one in (first, tool, last))
    assert agent.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert agent.attributes["gen_ai.conversation.id"] == str(told.thread_id)
    assert agent.attributes["gen_ai.usage.input_tokens"] == 200
    assert agent.attributes["iotsim.run.state"] == "done"
    assert first.attributes["gen_ai.provider.name"] == "openai"
    assert first.attributes["gen_ai.request.model"] == first.attributes["gen_ai.response.model"] == "gpt-4o-mini"
    assert first.attributes["gen_ai.response.finish_reasons"] == ("tool_calls",)
    assert last.attributes["gen_ai.usage.output_tokens"] == 10
    assert last.attributes["gen_ai.response.time_to_first_chunk"] >= 0
    assert tool.attributes["gen_ai.tool.name"] == "find_sims"
    assert tool.attributes["gen_ai.tool.call.id"] == f"c{told.run_id}-1-0"
    assert tool.attributes["iotsim.tool.state"] == "done"


async def test_nothing_that_was_said_is_in_a_span_unless_asked_for(actor, model, fleet, spans, settings):
    model.script("My secret question", call_tools(("find_sims", {"search": "crane"})), say("A secret answer."))
    await ask(actor, "My secret question")
    assert "secret" not in str([one.to_json() for one in spans()])
    assert "crane" not in str([one.to_json() for one in spans()])
    settings.TRACE_CONTENT = True
    model.script("My secret question", call_tools(("find_sims", {"search": "crane"})), say("A secret answer."))
    await ask(actor, "My secret question")
    chat, tool = named(spans, "chat")[-1], named(spans, "execute_tool")[-1]
    assert "A secret answer." in chat.attributes["gen_ai.output.messages"]
    assert "My secret question" in chat.attributes["gen_ai.input.messages"]
    assert "crane" in tool.attributes["gen_ai.tool.call.arguments"]
    assert "crane-1" in tool.attributes["gen_ai.tool.call.result"]


async def test_errors_are_marked_with_their_kind(actor, model, spans):
    from opentelemetry.trace import StatusCode

    model.script("Fail", fails(401, "sk-secret-of-the-test"))
    await ask(actor, "Fail")
    chat, agent = spans()
    assert chat.status.status_code is agent.status.status_code is StatusCode.ERROR
    assert chat.attributes["error.type"] == "AuthenticationError"
    assert "sk-secret" not in chat.to_json() + agent.to_json()


async def test_a_stopped_answer_ends_its_span(actor, model, spans):
    model.script("Long", say("word " * 100, pause=0.05))

    def press(event, runner):
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            runner.stop_runs()

    await ask(actor, "Long", on_event=press)
    assert len(named(spans, "chat")) == len(named(spans, "invoke_agent")) == 1
    assert named(spans, "invoke_agent")[0].attributes["iotsim.run.state"] == "stopped"


async def test_a_run_belongs_to_the_trace_of_the_request_that_asked(actor, spans, database):
    def put():
        return threads.ask(actor, text="How many SIMs are there?", worker=runner.worker, traceparent=TRACEPARENT)

    runner = Runner()
    asked = await in_thread(put)
    await runner.carry_out_one(actor.organization_id, asked.run_id, lambda event: None)
    [agent] = named(spans, "invoke_agent")
    assert f"{agent.context.trace_id:032x}" == tracing.trace_id_of(TRACEPARENT)
    assert f"{agent.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert agent.attributes["gen_ai.provider.name"] == "iotsim"


async def test_the_run_keeps_the_number_of_its_trace(actor, spans, database):
    told = await ask(actor, "How many SIMs are there?")
    [agent] = named(spans, "invoke_agent")
    assert tracing.trace_id_of(run_of(actor, told).traceparent) == f"{agent.context.trace_id:032x}"


async def test_without_a_variable_nothing_is_traced(actor, database, monkeypatch):
    for name in tracing_setup.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    told = await ask(actor, "How many SIMs are there?")
    assert told.state == "done" and run_of(actor, told).traceparent == ""


def test_without_a_variable_nothing_that_traces_is_imported():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'iotsim.settings'; import django; django.setup(); "
        "from copilot import runner; which = ('opentelemetry.sdk.trace', 'opentelemetry.exporter'); "
        "print([one for one in sys.modules if one.startswith(which)])"
    )
    made = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", TRACEPARENT + "x"])
def test_a_traceparent_that_is_none_is_left_out(text):
    assert tracing.traceparent_of([(b"TraceParent", text.encode())]) == ""


def test_a_traceparent_is_found_in_headers_of_either_kind():
    assert tracing.traceparent_of([(b"host", b"x"), (b"traceparent", TRACEPARENT.encode())]) == TRACEPARENT
    assert tracing.traceparent_of({"Traceparent": TRACEPARENT}) == TRACEPARENT


def test_a_missing_package_and_another_protocol_are_said_plainly(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr(tracing_setup, "find_spec", lambda name: None)
    assert "opentelemetry-exporter-otlp-proto-http is not installed" in tracing_setup.why_not()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert "only http/protobuf" in tracing_setup.why_not()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert tracing_setup.why_not() == "" and tracing_setup.wanted() == ""


class _Collector(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Encoding"], body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *args):
        """No line on the screen."""


@pytest.fixture
def collector():
    """A collector that speaks OTLP over HTTP, on this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Collector)
    server.received = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def sent_to(collector):
    """All spans that came, in the order in which they did."""
    import gzip

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans = []
    for path, encoding, body in collector.received:
        assert path == "/v1/traces"
        sent = ExportTraceServiceRequest.FromString(gzip.decompress(body) if encoding == "gzip" else body)
        for one in sent.resource_spans:
            assert "iotsim" in str(one.resource)
            spans += [span for scope in one.scope_spans for span in scope.spans]
    return spans


async def test_a_question_over_ag_ui_goes_on_with_the_trace_of_whoever_asks(
    web, make_membership, start_runner, collector
):
    """A program's request, the web server's row, the runner's span: three processes, one trace."""
    key = (await in_thread(lambda: create_key(make_membership("owner"))))[1]
    runner = await in_thread(
        lambda: start_runner(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}")
    )
    heard = await Program(web, key).run(wanted("How many SIMs are there?"), traceparent=TRACEPARENT)
    assert heard.kinds[-1] == "RUN_FINISHED", heard.error
    await in_thread(lambda: processes.stop([runner], first=signal.SIGTERM, seconds=8))  # it sends what it has
    spans = [one for one in sent_to(collector) if one.trace_id.hex() == tracing.trace_id_of(TRACEPARENT)]
    [agent] = [one for one in spans if one.name.startswith("invoke_agent")]
    assert agent.parent_span_id.hex() == "00f067aa0ba902b7" and len(spans) > 1


async def test_spans_reach_a_collector_over_http(actor, model, collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    tracing_setup._configured.cache_clear()
    model.script("Send a trace", say("Sent."))
    try:
        await ask(actor, "Send a trace")
        await in_thread(tracing_setup.flush)
    finally:
        tracing_setup._configured().shutdown()
        tracing_setup._configured.cache_clear()
    names = [one.name for one in sent_to(collector)]
    assert sorted(names) == ["chat gpt-4o-mini", "invoke_agent iotsim copilot"]


async def test_a_call_cut_off_in_the_middle_still_ends_its_span(actor, model, spans):
    model.script("Cut", Reply([delta(content="Half"), 0.05], cut=True))
    await ask(actor, "Cut")
    [chat] = named(spans, "chat")
    assert chat.end_time and "error.type" in chat.attributes


async def test_the_reading_of_a_photo_is_a_model_call_and_its_picture_in_no_span(actor, model, spans, settings):
    from tests.copilot.test_photo_text import READ, asked, says

    settings.TRACE_CONTENT = True
    model.script(READ, says(text="a label"))
    await asked(actor, "Look")
    assert [one.name for one in spans()] == [
        "chat gpt-4o-mini", "execute_tool read_photo", "chat gpt-4o-mini", "invoke_agent iotsim copilot"
    ]  # fmt: skip
    reading = spans()[0]
    assert "Read this photo. [picture]" in reading.attributes["gen_ai.input.messages"]
    assert reading.attributes["gen_ai.usage.input_tokens"] == 100
    assert "base64" not in str([one.to_json() for one in spans()])
