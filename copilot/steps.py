"""What stands around a run's loop: what it begins with (decisions, a taken offer) and what it ends with (offers)."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from ag_ui.core import CustomEvent
from ag_ui.core.events import BaseEvent

from copilot import offers, resuming
from copilot.conversation import OFFERS
from copilot.deltas import Called, CallPart, Delta
from copilot.loop import Job, Stream
from copilot.models import KeptOffer, OfferSource, OfferState, Run
from copilot.planner.answers import answer_for
from copilot.replies import read_reply
from copilot.tools import AnyService, ToolResult
from iotsim.core.actor import Actor
from iotsim.core.guard import in_thread
from iotsim.core.offers import Offer
from iotsim.core.tenancy import tenant

BY_MODEL: Final = "offer_next_step"
LEFT: Final = {
    "en": "All right: nothing was changed.",
    "de": "In Ordnung: es wurde nichts geändert.",
    "fr": "D’accord : rien n’a été modifié.",
    "es": "De acuerdo: no se ha cambiado nada.",
}
WHICH: Final = {
    "en": "Which one do you mean?",
    "de": "Welches ist gemeint?",
    "fr": "Lequel voulez-vous dire ?",
    "es": "¿A cuál se refiere?",
}


@dataclass
class Beginning:
    """How a run begins that answers an offer: with the calls that were taken, or with a word of ours."""

    taken: list[KeptOffer] = field(default_factory=list)
    words: str = ""
    again: list[KeptOffer] = field(default_factory=list)  # offers that are still open, to be shown once more

    @property
    def is_first_step(self) -> bool:
        """Whether it stands in the place of the model's first answer."""
        return bool(self.taken or self.words)


@dataclass
class Start:
    """What a run begins with: what was decided, and what its question made of the offers before it."""

    opening: resuming.Opening = field(default_factory=resuming.Opening)
    beginning: Beginning = field(default_factory=Beginning)


def start_of(run: Run) -> Start:
    """Inside the tenant's transaction. A question that begins a conversation has nothing before it."""
    return Start(resuming.opening_of(run), beginning_of(run)) if run.first_seq > 1 else Start()


def prepare(job: Job, run: Run, actor: Actor, start: Start) -> None:
    """Put around the loop what belongs to this run; called once, before it starts."""
    beginning = start.beginning
    job.opening, job.guard.writes = start.opening.events, start.opening.writes
    if beginning.is_first_step:
        job.stream = _begun(job, beginning)
    _around_calls(job, run, actor, beginning)


def beginning_of(run: Run) -> Beginning:
    """What the question of this run made of the offers before it."""
    with tenant(run.organization_id, read_only=True):
        settled = list(KeptOffer.objects.filter(settled_run_id=run.pk).order_by("number"))
        again = list(KeptOffer.objects.filter(run=run, state=OfferState.OPEN).order_by("number"))
    taken = [one for one in settled if one.state == OfferState.TAKEN]
    reply = read_reply(run.question)
    language = reply.language if reply else "en"
    if again and not taken:
        listed = "\n".join(f"{place}. {one.words}" for place, one in enumerate(again, 1))
        return Beginning(words=f"{WHICH[language]}\n\n{listed}", again=again)
    return Beginning(taken, words=LEFT[language] if settled and not taken else "")


def _begun(job: Job, beginning: Beginning) -> Stream:
    """The model's place in the first step is taken by what is known already; the planner has no say in the next."""
    usual, steps = job.stream, 0

    async def stream(messages: Sequence[dict[str, Any]], tools: Sequence[AnyService]) -> AsyncGenerator[Delta, None]:
        nonlocal steps
        steps += 1
        if steps == 1:
            yield _first(beginning)
        elif job.planner:
            yield Delta(text=_what_came(messages), finish="stop")
        else:
            async with aclosing(usual(messages, tools)) as deltas:
                async for delta in deltas:
                    yield delta

    return stream


def _first(beginning: Beginning) -> Delta:
    if beginning.words:
        return Delta(text=beginning.words, finish="stop")
    parts = [
        CallPart(index=place, name=one.service, arguments=json.dumps(one.arguments, ensure_ascii=False))
        for place, one in enumerate(beginning.taken)
    ]
    return Delta(calls=parts, finish="tool_calls")


def _what_came(messages: Sequence[dict[str, Any]]) -> str:
    """The services' own sentences about what was taken."""
    last = max(place for place, one in enumerate(messages) if one.get("role") == "user")
    results = [json.loads(one["content"]) for one in messages[last:] if one.get("role") == "tool"]
    return "\n\n".join(answer_for({}, one) for one in results)


def _around_calls(job: Job, run: Run, actor: Actor, beginning: Beginning) -> None:
    """Taken calls are made on the facts they were offered on; what results offer is kept when the answer is over."""
    usual, waiting = job.call, list(beginning.taken)
    found: list[tuple[OfferSource, Offer]] = []

    async def call(called: Called) -> ToolResult:
        made = await (_take(job, usual, called, waiting.pop(0)) if waiting else usual(called))
        if made.state == "done":
            found[:] = [(source, one) for source, one in found if one.service != called.name]
        source = OfferSource.MODEL if called.name == BY_MODEL else OfferSource.SERVICE
        found.extend((source, one) for one in made.offers)
        return made

    async def closing() -> list[BaseEvent]:
        kept = beginning.again or await in_thread(_keep_all, run, actor, found)
        return [_event(run, kept)] if kept else []

    job.call, job.closing = call, closing


async def _take(job: Job, usual: Any, called: Called, offer: KeptOffer) -> ToolResult:
    """A service's own offer holds exact arguments that no model wrote; what a model has read does not taint it."""
    called.confirmed = offer.digest
    tainted = job.guard.tainted
    job.guard.tainted = tainted and offer.source == OfferSource.MODEL
    try:
        made: ToolResult = await usual(called)
        return made
    finally:
        job.guard.tainted = tainted


def _keep_all(run: Run, actor: Actor, found: Sequence[tuple[OfferSource, Offer]]) -> list[KeptOffer]:
    kept: list[KeptOffer] = []
    for source in OfferSource:
        kept += offers.keep(run, [one for its, one in found if its is source], actor=actor, source=source)
    return kept


def _event(run: Run, kept: Sequence[KeptOffer]) -> CustomEvent:
    items = [{"id": one.pk, "words": one.words} for one in kept]
    return CustomEvent(name=OFFERS, value={"id": str(run.pk), "items": items})
