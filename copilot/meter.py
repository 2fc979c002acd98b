"""Stands around each model call of a run: masks what leaves, reserves money and settles it, counts and times."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Final

from copilot import llm, pictures, spending
from copilot.choice import Choice
from copilot.deltas import CallPart, Calls, Delta
from copilot.masking import Mask
from copilot.models import ModelCall, ModelCallState, Run
from copilot.tools import AnyService, function_of
from iotsim.core.guard import in_thread

THINKS_SECONDS: Final = 0.05  # by then the question has gone out: what it costs us does not hold it up
CHARS_PER_TOKEN: Final = 3  # a token has four on average; reserved is the worst case


@dataclass
class Meter:
    """Asks models for one run of one person. `masked` is told before something leaves, so that the mask is kept."""

    run: Run
    user_id: int
    choice: Choice
    context: llm.ModelContext
    mask: Mask | None = None
    keep_mask: Callable[[], None] = lambda: None
    purpose: str = "answer"
    started: float = field(default_factory=time.monotonic)
    step: int = 0
    tokens: int = 0  # so far

    async def stream(self, messages: llm.Messages, tools: Sequence[AnyService]) -> llm.Deltas:
        """The model's answer; what it says of masked values is said of the real ones. Raises ModelFailed, BudgetSpent.

        Calls of tools come at the end, whole.
        """
        self.step += 1
        if self.choice.is_planner:
            async with aclosing(llm.stream(messages, tools, context=self.context, choice=self.choice)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        said = await self._hidden(messages)
        attempt = await self._begin(said, tools)
        try:
            async with aclosing(self._answer(attempt, said, tools)) as deltas:
                async for delta in deltas:
                    yield delta
        except llm.ModelFailed as error:
            attempt.error = error.sentence
            raise
        finally:
            await asyncio.shield(asyncio.ensure_future(self._settle(attempt)))

    async def _hidden(self, messages: llm.Messages) -> llm.Messages:
        if self.mask is None:
            return messages
        said = await asyncio.to_thread(self.mask.messages, messages)
        if self.mask.grew:
            await in_thread(self.keep_mask)
            self.mask.grew = False
        return said

    # --- money and tokens ---

    async def _begin(self, messages: llm.Messages, tools: Sequence[AnyService]) -> "Attempt":
        """Reserve the worst case. Without a budget nothing is refused: the row is written while the model thinks."""
        attempt = Attempt(_row(self, messages, tools))
        attempt.reserving = asyncio.ensure_future(self._reserve(attempt.row))
        if self.choice.budgets.any:
            await attempt.reserving
        return attempt

    async def _reserve(self, row: ModelCall) -> None:
        if not self.choice.budgets.any:
            await asyncio.sleep(THINKS_SECONDS)
        await in_thread(spending.reserve, row, self.choice.budgets)

    async def _settle(self, attempt: "Attempt") -> None:
        await attempt.reserving
        attempt.close(self.choice)
        self.tokens += attempt.row.input_tokens + attempt.row.output_tokens
        await in_thread(spending.settle, attempt.row, self.choice.budgets)

    # --- the answer ---

    async def _answer(self, attempt: "Attempt", messages: llm.Messages, tools: Sequence[AnyService]) -> llm.Deltas:
        calls, unmasked = Calls(), self.mask.stream() if self.mask else None
        deltas = llm.stream(messages, tools, context=self.context, choice=self.choice, terms=attempt.terms(self))
        async with aclosing(deltas):
            async for delta in deltas:
                attempt.hear(delta)
                for part in delta.calls:
                    calls.add(part)
                text = unmasked.feed(delta.text) if unmasked else delta.text
                # Also when there is nothing to hand on: whoever listens hears that the model is not silent.
                yield Delta(text=text, usage=delta.usage, finish=delta.finish, model=delta.model)
        rest = unmasked.rest() if unmasked else ""
        if rest or calls.found:
            yield Delta(text=rest, calls=self._whole(calls), model=attempt.model)

    def _whole(self, calls: Calls) -> list[CallPart]:
        """Each call in one piece, under a name of its own, with real values in it."""
        return [
            CallPart(index=number, id=f"whole-{number}", name=one.name, arguments=self._real(one.arguments))
            for number, one in enumerate(calls.found)
        ]

    def _real(self, arguments: str) -> str:
        return self.mask.arguments(arguments) if self.mask else arguments


@dataclass
class Attempt:
    """One call of a model under way: its row, and what was heard."""

    row: ModelCall
    reserving: "asyncio.Future[None]" = field(init=False)
    began: float = field(default_factory=time.monotonic)
    model: str = ""
    chars: int = 0
    usage: Any = None
    finished: bool = False
    error: str = ""
    terms_given: llm.Terms = field(default_factory=llm.Terms)

    def terms(self, meter: Meter) -> llm.Terms:
        caps = meter.choice.caps
        self.terms_given.max_tokens = self.row.output_tokens
        self.terms_given.seconds_left = lambda: caps.seconds - (time.monotonic() - meter.started)
        return self.terms_given

    def hear(self, delta: Delta) -> None:
        if delta.text or delta.calls:
            self.chars += len(delta.text) + sum(len(one.arguments) for one in delta.calls)
            if self.row.first_token_ms is None:
                self.row.first_token_ms = self._ms()
        self.model = delta.model or self.model
        self.usage = delta.usage or self.usage
        self.finished = self.finished or bool(delta.finish)

    def _ms(self) -> int:
        return round((time.monotonic() - self.began) * 1000)

    def close(self, choice: Choice) -> None:
        """What it came to. Where the provider did not say, it is estimated; what said nothing cost nothing."""
        row = self.row
        row.duration_ms = self._ms()
        row.model = self.model or row.model
        row.provider = _provider(row.model)
        row.state = (ModelCallState.DONE if self.finished else ModelCallState.FAILED).value
        row.error = (self.error or "; ".join(f"first {one}" for one in self.terms_given.failed))[:500]
        if self.usage is not None:
            row.input_tokens, row.output_tokens = self.usage.input_tokens, self.usage.output_tokens
            row.cached_tokens, row.cost = self.usage.cached_tokens, self.usage.cost
            return
        row.estimated = True
        if not self.model:
            row.input_tokens = row.output_tokens = 0
            row.cost = Decimal(0)
            return
        row.output_tokens = self.chars // CHARS_PER_TOKEN + 1 if self.chars else 0
        price = llm.price_of(row.model)
        row.cost = price.of(sent=row.input_tokens, said=row.output_tokens) if price else None


def _row(meter: Meter, messages: llm.Messages, tools: Sequence[AnyService]) -> ModelCall:
    """The row of a call with the most that it may take, whichever of the models answers."""
    sent = size_of(messages, tools) + pictures.tokens_of(messages, meter.choice.models)
    said = _most_said(meter)
    prices = [llm.price_of(one) for one in meter.choice.models]
    known = [one.of(sent=sent, said=said) for one in prices if one is not None]
    return ModelCall(
        organization_id=meter.run.organization_id,
        run_id=meter.run.pk,
        thread_id=meter.run.thread_id,
        user_id=meter.user_id,
        step=meter.step if meter.purpose == "answer" else 0,
        purpose=meter.purpose,
        model=meter.choice.model,
        provider=_provider(meter.choice.model),
        reserved=max(known) if len(known) == len(prices) else None,
        input_tokens=sent,
        output_tokens=said,
    )


def size_of(messages: llm.Messages, tools: Sequence[AnyService]) -> int:
    """About how many tokens the text is, rather too many than too few."""
    chars = sum(len(json.dumps(pictures.without(one), ensure_ascii=False)) for one in messages)
    chars += sum(_chars_of(one) for one in tools)
    return chars // CHARS_PER_TOKEN + 1


@cache
def _chars_of(service: AnyService) -> int:
    return len(json.dumps(function_of(service), ensure_ascii=False))


def _most_said(meter: Meter) -> int:
    known = [one for one in map(llm.most_said, meter.choice.models) if one]
    left = max(64, meter.choice.caps.tokens - meter.tokens)
    return min([meter.choice.max_output_tokens, left, *known])


def _provider(model: str) -> str:
    return model.partition("/")[0][:40]
