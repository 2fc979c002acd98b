"""OpenTelemetry spans of what the copilot does, by the GenAI semantic conventions; nothing at all unless configured.

A run is `invoke_agent`, each model call `chat {model}`, each tool call `execute_tool {name}`. They are sent where
the standard variables say (OTEL_EXPORTER_OTLP_ENDPOINT). Their parent is given by hand and not by context variables:
the pieces of one answer are taken by several asyncio tasks, and each has a context of its own.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from copilot import pictures, tracing_setup
from copilot.deltas import Called, Delta
from copilot.models import Run
from copilot.tools import AnyService, ToolResult

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Stream = Callable[[Sequence[dict[str, Any]], Sequence[AnyService]], AsyncGenerator[Delta, None]]
CallTool = Callable[[Called], Awaitable[ToolResult]]

AGENT: Final = "iotsim copilot"
MOST_CONTENT: Final = 10_000  # characters of an attribute that holds content
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# The names of the conventions, where they differ from litellm's.
PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "builtin": "iotsim",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}


def traceparent_of(headers: Iterable[tuple[bytes, bytes]] | Mapping[str, str]) -> str:
    """The W3C traceparent among a request's headers; empty when there is none, or none that can be read."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        if _plain(name).lower() == "traceparent":
            return checked(_plain(value))
    return ""


def checked(traceparent: str) -> str:
    """The traceparent, or nothing when it is none."""
    return traceparent if TRACEPARENT.fullmatch(traceparent) else ""


def trace_id_of(traceparent: str) -> str:
    """The trace's number in a traceparent; empty without one."""
    return traceparent.split("-")[1] if traceparent else ""


def _plain(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@contextmanager
def invoked(run: Run) -> Iterator["Trace"]:
    """The span around a run, below the request that asked for it where that is known; `run.traceparent` becomes its."""
    tracer = tracing_setup.tracer()
    if tracer is None:
        yield Trace(run)
        return
    told = {**_common(run, "invoke_agent", run.model), "gen_ai.agent.name": AGENT, "iotsim.run.id": run.pk}
    parent = tracing_setup.parent(run.traceparent)
    span = tracer.start_span(f"invoke_agent {AGENT}", context=parent, attributes=told)
    run.traceparent = tracing_setup.traceparent(span)
    try:
        yield Trace(run, span)
        _ended(span, run)
    except BaseException as error:
        failed(span, error)
        raise
    finally:
        span.end()


class Trace:
    """The span of a run, parent of those of its model and tool calls. Without a span it hands everything through."""

    def __init__(self, run: Run, span: "Span | None" = None) -> None:
        self._run, self._span = run, span

    def streamed(self, stream: Stream) -> Stream:
        """The same stream of a model's answer, with a span around each."""
        if self._span is None:
            return stream

        async def traced(
            messages: Sequence[dict[str, Any]], tools: Sequence[AnyService]
        ) -> AsyncGenerator[Delta, None]:
            seen = _ModelSpan(self._run, self._begin(f"chat {_model(self._run.model)}", client=True), messages)
            try:
                async with aclosing(stream(messages, tools)) as deltas:
                    async for delta in deltas:
                        seen.take(delta)
                        yield delta
            except BaseException as error:
                failed(seen.span, error)
                raise
            finally:
                seen.end()

        return traced

    def called(self, call: CallTool) -> CallTool:
        """The same way to call a tool, with a span around each call."""
        if self._span is None:
            return call

        async def traced(called: Called) -> ToolResult:
            span = self._begin(f"execute_tool {called.name}")
            span.set_attributes(_of_call(self._run, called))
            try:
                made = await call(called)
                _came_of(span, made)
            except BaseException as error:
                failed(span, error)
                raise
            finally:
                span.end()
            return made

        return traced

    def _begin(self, name: str, *, client: bool = False) -> "Span":
        assert self._span is not None
        return tracing_setup.begin(name, under=self._span, client=client)


def _ended(span: "Span", run: Run) -> None:
    """What the whole run came to."""
    used = {"gen_ai.usage.input_tokens": run.input_tokens, "gen_ai.usage.output_tokens": run.output_tokens}
    span.set_attributes({**used, "iotsim.run.state": run.state})
    if run.error:
        span.set_attribute("error.type", "failed")
        _error(span, run.error)


class _ModelSpan:
    """One model call as it goes by."""

    def __init__(self, run: Run, span: "Span", messages: Sequence[dict[str, Any]]) -> None:
        self.run, self.span = run, span
        self._started = time.monotonic()
        self._first = False
        self._finish: list[str] = []
        self._text: list[str] = []
        span.set_attributes({**_common(run, "chat", run.model), "gen_ai.request.stream": True})
        if settings.TRACE_CONTENT:
            span.set_attribute("gen_ai.input.messages", _messages(messages))

    def take(self, delta: Delta) -> None:
        if not self._first and (delta.text or delta.calls):
            self._first = True
            self.span.set_attribute("gen_ai.response.time_to_first_chunk", time.monotonic() - self._started)
        if delta.finish:
            self._finish.append(delta.finish)
        if delta.usage:
            used = delta.usage
            self.span.update_name(f"chat {_model(used.model)}")
            self.span.set_attributes(
                {
                    "gen_ai.response.model": _model(used.model),
                    "gen_ai.provider.name": _provider(used.model),
                    "gen_ai.usage.input_tokens": used.input_tokens,
                    "gen_ai.usage.output_tokens": used.output_tokens,
                }
            )
            if cached := getattr(used, "cached_tokens", 0):
                self.span.set_attribute("gen_ai.usage.cache_read.input_tokens", cached)
        if settings.TRACE_CONTENT and delta.text:
            self._text.append(delta.text)

    def end(self) -> None:
        if self._finish:
            self.span.set_attribute("gen_ai.response.finish_reasons", self._finish)
        if self._text:
            said = {"role": "assistant", "content": "".join(self._text)}
            self.span.set_attribute("gen_ai.output.messages", _messages([said]))
        self.span.end()


def failed(span: "Span", error: BaseException) -> None:
    """The kind of error; its words only when they are ours."""
    span.set_attribute("error.type", str(getattr(error, "kind", "") or type(error).__name__))
    _error(span, str(getattr(error, "sentence", "")))


def _error(span: "Span", words: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, words or None))


def _common(run: Run, operation: str, model: str) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _provider(model),
        "gen_ai.request.model": _model(model),
        "gen_ai.conversation.id": str(run.thread_id),
        "iotsim.organization.id": run.organization_id,
    }


def _of_call(run: Run, called: Called) -> dict[str, Any]:
    told = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": called.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": called.id,
        "gen_ai.conversation.id": str(run.thread_id),
    }
    content = {"gen_ai.tool.call.arguments": called.arguments[:MOST_CONTENT]} if settings.TRACE_CONTENT else {}
    return {**told, **content}


def _came_of(span: "Span", made: ToolResult) -> None:
    span.set_attribute("iotsim.tool.state", made.state)
    if made.event_id is not None:
        span.set_attribute("iotsim.audit_event.id", made.event_id)
    if settings.TRACE_CONTENT:
        span.set_attribute("gen_ai.tool.call.result", made.content[:MOST_CONTENT])
    if made.state in ("failed", "denied"):
        span.set_attribute("error.type", made.state)
        _error(span, "")


def _messages(messages: Sequence[Mapping[str, Any]]) -> str:
    """As the conventions write them: a role with parts."""
    told = [
        {"role": one["role"], "parts": [{"type": "text", "content": str(one.get("content") or "")}]}
        for one in map(pictures.without, messages)
    ]
    return json.dumps(told, ensure_ascii=False)[:MOST_CONTENT]


def _provider(model: str) -> str:
    prefix = model.partition("/")[0]
    return PROVIDERS.get(prefix, prefix)


def _model(model: str) -> str:
    return model.partition("/")[2] or model
