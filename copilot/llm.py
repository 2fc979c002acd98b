"""The models: one interface over litellm and the built-in planner. Only this file imports litellm, and only late."""

import asyncio
import gc
import inspect
import os
import warnings
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings

from copilot import circuit, prefix
from copilot.deltas import CallPart, Delta, Usage
from copilot.prices import Price, price_from
from copilot.tools import AnyService, function_of
from iotsim.core.errors import Unavailable
from iotsim.core.slots import SlotContext
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from copilot.choice import Choice

log = structlog.get_logger(__name__)

PLANNER: Final = "builtin/planner"
PLANNER_WORDS: Final = "offline planner, rule-based, no language model"

Messages = Sequence[dict[str, Any]]
Deltas = AsyncGenerator[Delta, None]


class ModelFailed(Unavailable):
    """The model did not answer; the sentence says why and what to do, and never holds a key."""

    code, title = "model_failed", "The model did not answer"

    def __init__(self, sentence: str, *, kind: str, retry_elsewhere: bool = True, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.retry_elsewhere = retry_elsewhere  # another model may do better
        self.wait = wait  # seconds after which the same model may do better; None: it will not


@dataclass(frozen=True)
class ModelContext:
    """What a model may know beside the messages."""

    today: date
    slots: SlotContext = field(default_factory=lambda: SlotContext(today=date.today()))


@dataclass
class Terms:
    """How long and how much a model may answer. `failed` is told of each that did not, as "model: kind"."""

    max_tokens: int | None = None
    seconds_left: Callable[[], float] = lambda: 60.0
    failed: list[str] = field(default_factory=list)


def is_planner() -> bool:
    """Whether the planner answers for organisations that have not chosen."""
    return not settings.COPILOT_MODEL


def model_name() -> str:
    """What answers for organisations that have not chosen."""
    return str(settings.COPILOT_MODEL or PLANNER)


def warm(model: str = "") -> None:
    """Load what answers (seconds, once), so that the first question does not wait for it. Call it in a thread."""
    if (model or model_name()) == PLANNER:
        from copilot import planner

        planner.warm()
    else:
        _rehearse()


def warm_all() -> None:
    """Load what answers by default, then what organisations may choose besides. Call it in a thread."""
    warm()
    if settings.COPILOT_MODELS and is_planner():
        _rehearse()
    gc.collect()
    gc.freeze()  # half a million objects that stay: each look at them would hold up every answer for half a second


async def ready(model: str = "") -> None:
    """Wait until it is loaded, so that loading does not count as the model's silence."""
    await asyncio.to_thread(warm, model)


async def stream(
    messages: Messages,
    tools: Sequence[AnyService],
    *,
    context: ModelContext,
    choice: "Choice",
    terms: Terms | None = None,
) -> Deltas:
    """The model's answer to the messages, piece by piece. Raises ModelFailed.

    A model that fails before its first word gives way to the next one at once; the last of them is asked once more.
    """
    if choice.is_planner:
        async for delta in _plan(messages, tools, context):
            yield delta
        return
    terms = terms or Terms()
    models = circuit.worth_asking(choice.models)
    for number, model in enumerate([*models, models[-1]], start=1):
        spoke = False
        try:
            async for delta in _ask(model, messages, tools, choice.api_base, terms):
                spoke = True
                yield delta
        except ModelFailed as error:
            if error.retry_elsewhere:
                circuit.failed(model)
            # Once it has said something, neither it nor another model can go on from there.
            if spoke or number > len(models) or not await _another_chance(error, terms, last=number == len(models)):
                raise
            terms.failed.append(f"{model}: {error.kind}")
            log.warning("copilot_model_failed", model=model, kind=error.kind)
        else:
            circuit.answered(model)
            return


async def _another_chance(error: ModelFailed, terms: Terms, *, last: bool) -> bool:
    """Whether to go on after a failure: with the next model at once, with the last one again after its pause."""
    if not last:
        return error.retry_elsewhere
    most = min(terms.seconds_left(), settings.COPILOT_SILENCE_SECONDS) / 2  # the rest is for the answer
    if error.wait is None or error.wait > most:
        return False
    await asyncio.sleep(error.wait)
    return True


# --- the built-in planner ---


async def _plan(messages: Messages, tools: Sequence[AnyService], context: ModelContext) -> Deltas:
    from copilot.planner import plan

    made = await asyncio.to_thread(plan, list(messages), list(tools), context.slots)
    if made.answer:
        yield Delta(text=made.answer, model=PLANNER, choices=made.choices)
    parts = [
        CallPart(index=number, name=one["name"], arguments=_json(one["arguments"]))
        for number, one in enumerate(made.calls)
    ]
    usage = Usage(PLANNER, cost=Decimal(0))
    yield Delta(calls=parts, usage=usage, finish="tool_calls" if parts else "stop", model=PLANNER)


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


async def hang_up() -> None:
    """Close the connections that litellm keeps for this event loop, where a loop ends before its process does."""
    if not _litellm.cache_info().currsize:
        return
    kept = _litellm().in_memory_llm_clients_cache.cache_dict
    mine = f"-{id(asyncio.get_running_loop())}"
    for key in [one for one in kept if one.endswith(mine)]:
        client = kept.pop(key)  # of litellm, openai or httpx, in one of its two kinds
        close = getattr(client, "aclose", None) or getattr(client, "close", None)
        ended = close() if close else None
        if inspect.isawaitable(ended):
            await ended


async def _ask(model: str, messages: Messages, tools: Sequence[AnyService], api_base: str, terms: Terms) -> Deltas:
    litellm = _litellm()
    finished = False
    try:
        answer = await litellm.acompletion(**_options(model, messages, tools, api_base, terms))
        async with aclosing(answer):  # whoever hears enough of it does not leave the connection open
            async for chunk in answer:
                delta = _delta(litellm, model, chunk)
                finished = finished or bool(delta.finish)
                yield delta
    except Exception as error:
        raise _failed(litellm, model, error) from error
    if not finished:
        raise _cut_off(model)


def _options(
    model: str, messages: Messages, tools: Sequence[AnyService], api_base: str, terms: Terms
) -> dict[str, Any]:
    """What litellm is asked with."""
    said, functions = list(messages), [function_of(one) for one in tools]
    if prefix.needs_marks(model):
        said, functions = prefix.marked(said, functions)
    options: dict[str, Any] = {
        "model": model,
        "messages": said,
        "stream": True,
        "stream_options": {"include_usage": True},
        "timeout": settings.COPILOT_SILENCE_SECONDS + 5,  # the loop itself ends a silence before that
        "num_retries": 0,
        "max_retries": 0,
        "_skip_mcp_handler": True,  # with tools litellm would import its MCP gateway, which needs its proxy
    }
    if functions:
        options |= {"tools": functions, "parallel_tool_calls": True}
    if terms.max_tokens is not None:
        options["max_tokens"] = terms.max_tokens
    if api_base:
        options["api_base"] = api_base
    return options


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
        model=model,
    )


def _usage(litellm: Any, model: str, usage: Any) -> Usage:
    """litellm counts what came out of a cache and what went into it as part of the prompt."""
    sent, said = int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)
    details = getattr(usage, "prompt_tokens_details", None)
    cached = int(getattr(details, "cached_tokens", 0) or 0)
    kept = int(getattr(usage, "cache_creation_input_tokens", 0) or 0)
    price = price_of(model)
    cost = price.of(sent=sent, said=said, cached=cached, kept=kept) if price else None
    return Usage(model, sent, said, cost, cached)


def price_of(model: str) -> Price | None:
    """What a model's tokens cost; None when nobody knows. Needs litellm, so call it only after `ready`."""
    from copilot.choice import is_outside

    costs = _litellm().model_cost
    known = costs.get(model) or costs.get(model.partition("/")[2])
    return price_from(model, known, outside=is_outside(model))


def can_see(model: str) -> bool:
    """Whether a model can look at pictures: litellm knows, or the operator says so. Call it in a thread."""
    return model in settings.COPILOT_VISION_MODELS or bool(_litellm().supports_vision(model))


def most_said(model: str) -> int | None:
    """The longest answer that the model can give, in tokens; None when it is not on litellm's list."""
    costs = _litellm().model_cost
    known = costs.get(model) or costs.get(model.partition("/")[2]) or {}
    most = known.get("max_output_tokens")
    return int(most) if most else None


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


# What may be over in a moment.
PASSING: Final = {"RateLimitError", "ServiceUnavailableError", "InternalServerError", "BadGatewayError"}
PAUSE_SECONDS: Final = 1.0
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
    sentence = sentence.format(model=model, key=key)
    wait = _wait(error) if kind in PASSING else None
    if kind == "RateLimitError" and wait is not None and wait > PAUSE_SECONDS:
        sentence = f"{model} has had too many questions for now. Ask again in {counted(round(wait), 'second')}."
    return ModelFailed(sentence, kind=kind, retry_elsewhere=elsewhere, wait=wait)


def _wait(error: Exception) -> float:
    """Seconds until the same question may be asked again: as the provider says (Retry-After), else one."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    told = next((value for name, value in dict(headers).items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(told))
    except ValueError:
        return PAUSE_SECONDS


def _redacted(text: str) -> str:
    """The provider's words for the log, without our keys in them."""
    for name in settings.COPILOT_PROVIDER_KEYS.values():
        if secret := os.environ.get(name):
            text = text.replace(secret, "...")
    return text[:300]
