"""The models: one interface over litellm and the built-in planner. Only this file imports litellm, and only late."""

import asyncio
import os
import warnings
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Final

import structlog
from django.conf import settings

from copilot.deltas import CallPart, Delta, Usage
from copilot.tools import AnyService, function_of
from iotsim.core.errors import Unavailable
from iotsim.core.slots import SlotContext

log = structlog.get_logger(__name__)

PLANNER: Final = "builtin/planner"
PLANNER_WORDS: Final = "offline planner, rule-based, no language model"

Messages = Sequence[dict[str, Any]]
Deltas = AsyncGenerator[Delta, None]


class ModelFailed(Unavailable):
    """The model did not answer; the sentence says why and what to do, and never holds a key."""

    code, title = "model_failed", "The model did not answer"

    def __init__(self, sentence: str, *, kind: str, retry_elsewhere: bool = True) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.retry_elsewhere = retry_elsewhere  # another model may do better


@dataclass(frozen=True)
class ModelContext:
    """What a model may know beside the messages."""

    today: date
    slots: SlotContext = field(default_factory=lambda: SlotContext(today=date.today()))


def is_planner() -> bool:
    return not settings.COPILOT_MODEL


def model_name() -> str:
    return str(settings.COPILOT_MODEL or PLANNER)


def warm() -> None:
    """Load what answers (seconds, once), so that the first question does not wait for it. Call it in a thread."""
    if is_planner():
        from copilot import planner

        planner.warm()
    else:
        _rehearse()


async def ready() -> None:
    """Wait until it is loaded, so that loading does not count as the model's silence."""
    await asyncio.to_thread(warm)


async def stream(messages: Messages, tools: Sequence[AnyService], *, context: ModelContext) -> Deltas:
    """The model's answer to the messages, piece by piece. Raises ModelFailed."""
    if is_planner():
        async for delta in _plan(messages, tools, context):
            yield delta
        return
    models = [settings.COPILOT_MODEL, *settings.COPILOT_FALLBACK_MODELS]
    for number, model in enumerate(models, start=1):
        spoke = False
        try:
            async for delta in _ask(model, messages, tools):
                spoke = True
                yield delta
            return
        except ModelFailed as error:
            # Once it has said something, another model cannot go on from there.
            if spoke or number == len(models) or not error.retry_elsewhere:
                raise
            log.warning("copilot_model_failed", model=model, kind=error.kind, next=models[number])


# --- the built-in planner ---


async def _plan(messages: Messages, tools: Sequence[AnyService], context: ModelContext) -> Deltas:
    from copilot.planner import plan

    made = await asyncio.to_thread(plan, list(messages), list(tools), context.slots)
    if made.answer:
        yield Delta(text=made.answer, choices=made.choices)
    parts = [
        CallPart(index=number, name=one["name"], arguments=_json(one["arguments"]))
        for number, one in enumerate(made.calls)
    ]
    yield Delta(calls=parts, usage=Usage(PLANNER, cost=Decimal(0)), finish="tool_calls" if parts else "stop")


def _json(arguments: dict[str, Any]) -> str:
    import json

    return json.dumps(arguments, ensure_ascii=False)


# --- real models ---


@cache
def _litellm() -> Any:
    """The library, imported once (4 to 14 s), with nothing fetched from the net and nothing reported home."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import litellm
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    return litellm


@cache
def _rehearse() -> None:
    """A call that leaves this process not at all: it makes litellm import what it puts off until then (2 s)."""
    import_module("openai")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.run(_litellm().acompletion(model="openai/none", messages=[], mock_response="ok"))


async def _ask(model: str, messages: Messages, tools: Sequence[AnyService]) -> Deltas:
    litellm = _litellm()
    options: dict[str, Any] = {
        "model": model,
        "messages": list(messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "timeout": settings.COPILOT_SILENCE_SECONDS + 5,  # the loop itself ends a silence before that
        "num_retries": 0,
        "max_retries": 0,
        "_skip_mcp_handler": True,  # with tools litellm would import its MCP gateway, which needs its proxy
    }
    if tools:
        options |= {"tools": [function_of(one) for one in tools], "parallel_tool_calls": True}
    if settings.COPILOT_API_BASE:
        options["api_base"] = settings.COPILOT_API_BASE
    finished = False
    try:
        answer = await litellm.acompletion(**options)
        async for chunk in answer:
            delta = _delta(litellm, model, chunk)
            finished = finished or bool(delta.finish)
            yield delta
    except Exception as error:
        raise _failed(litellm, model, error) from error
    if not finished:
        raise _cut_off(model)


def _delta(litellm: Any, model: str, chunk: Any) -> Delta:
    choice = chunk.choices[0] if chunk.choices else None
    said = getattr(choice, "delta", None)
    parts = [
        CallPart(
            index=part.index,
            id=part.id or "",
            name=(part.function.name or "") if part.function else "",
            arguments=(part.function.arguments or "") if part.function else "",
        )
        for part in (getattr(said, "tool_calls", None) or ())
    ]
    usage = getattr(chunk, "usage", None)
    return Delta(
        text=getattr(said, "content", None) or "",
        calls=parts,
        usage=_usage(litellm, model, usage) if usage else None,
        finish=getattr(choice, "finish_reason", None) or "",
    )


def _usage(litellm: Any, model: str, usage: Any) -> Usage:
    sent, said = int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)
    return Usage(model, sent, said, _price(litellm, model, sent, said))


def _price(litellm: Any, model: str, sent: int, said: int) -> Decimal | None:
    """In US dollars by litellm's own list; None for a model that is not on it."""
    known = litellm.model_cost.get(model) or litellm.model_cost.get(model.partition("/")[2])
    if not known or known.get("input_cost_per_token") is None:
        return None
    each_sent = Decimal(str(known["input_cost_per_token"]))
    each_said = Decimal(str(known.get("output_cost_per_token") or 0))
    return each_sent * sent + each_said * said


def _cut_off(model: str) -> ModelFailed:
    return ModelFailed(f"The connection to {model} broke off in the middle of the answer. Ask again.", kind="cut off")


# litellm's exceptions by the name of their class: what it means, and whether another model may help.
FAILURES: Final = {
    "AuthenticationError": ("{model} refused the key. Ask your administrator to check {key}.", True),
    "PermissionDeniedError": ("The key may not use {model}. Ask your administrator to check {key}.", True),
    "RateLimitError": ("{model} has had too many questions for now. Wait a minute and ask again.", True),
    "Timeout": ("{model} did not answer in time. Ask again, or later.", True),
    "ContextWindowExceededError": ("The conversation has become too long for {model}. Begin a new one.", False),
    "ContentPolicyViolationError": ("{model} declined to answer that. Put it in other words.", False),
    "NotFoundError": ("There is no model {model} at the provider. Ask your administrator to set another.", True),
    "BadRequestError": ("{model} did not accept the request. Begin a new conversation, or ask otherwise.", False),
    "UnprocessableEntityError": ("{model} did not accept the request. Ask in other words.", False),
    "BudgetExceededError": ("The budget for {model} is used up. Ask your administrator.", True),
    "PaymentRequiredError": ("The account for {model} has no credit left. Ask your administrator.", True),
    "MidStreamFallbackError": ("{model} broke off in the middle of the answer. Ask again.", True),
    "ServiceUnavailableError": ("{model} is down at the moment. Ask again in a few minutes.", True),
    "InternalServerError": ("{model} is down at the moment. Ask again in a few minutes.", True),
    "BadGatewayError": ("{model} is down at the moment. Ask again in a few minutes.", True),
    "APIConnectionError": ("{model} cannot be reached. Ask again in a few minutes.", True),
    "APIError": ("{model} broke off the answer. Ask again.", True),
}  # fmt: skip


BY_STATUS: Final = {401: "AuthenticationError", 402: "PaymentRequiredError", 403: "PermissionDeniedError"}


def _failed(litellm: Any, model: str, error: Exception) -> Exception:
    """The error in a sentence of ours; what is none of the provider's doing stays as it is."""
    if isinstance(error, ModelFailed):
        return error
    if not isinstance(error, litellm.exceptions.openai.OpenAIError | ConnectionError | TimeoutError):
        return error
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in FAILURES), "APIConnectionError")
    if kind == "APIError":
        kind = BY_STATUS.get(getattr(error, "status_code", 0), kind)
    sentence, elsewhere = FAILURES[kind]
    key = settings.COPILOT_PROVIDER_KEYS.get(model.partition("/")[0], "the key")
    log.warning("copilot_model_error", model=model, kind=kind, reason=_redacted(str(error)))
    return ModelFailed(sentence.format(model=model, key=key), kind=kind, retry_elsewhere=elsewhere)


def _redacted(text: str) -> str:
    """The provider's words for the log, without our keys in them."""
    for name in settings.COPILOT_PROVIDER_KEYS.values():
        if secret := os.environ.get(name):
            text = text.replace(secret, "...")
    return text[:300]
