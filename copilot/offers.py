"""What the copilot offered and what becomes of it: "yes, do it" takes exactly that call, before any model is asked.

An offer comes from a service's answer, or from a real model by the tool `offer_next_step`; it is kept with the
conversation when its answer is over. It is open until the next question: that one takes it, declines it or leaves it
behind. Whoever takes it passes the guard like with any other call, and nothing runs when the facts have moved.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils import timezone

from copilot.models import KeptOffer, OfferSource, OfferState, Run, RunEvent, Thread
from copilot.planner.phrases import questions
from copilot.replies import Reply, read_reply
from copilot.replies_in_words import meant_in_words
from copilot.tables import summary_of
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict, IotsimError, NotFound
from iotsim.core.offers import Offer
from iotsim.core.proposals import Proposal
from iotsim.core.registry import Service
from iotsim.core.tenancy import tenant

log = structlog.get_logger(__name__)

MOST: Final = 4  # offers of one answer
LONGEST_WORDS: Final = 200


@dataclass(frozen=True)
class Ready:
    """An offer that holds: its words as a person may read them, its arguments as the service takes them."""

    service: str
    arguments: dict[str, Any]
    words: str
    digest: str
    source: OfferSource


def check(actor: Actor, offer: Offer) -> tuple[Service[..., Any], dict[str, Any], Proposal | None]:
    """The service, the arguments as plain JSON and what they would change. Raises IotsimError; runs nothing."""
    service = registry.get(offer.service)
    if service.people_only or not service.examples:
        raise Conflict(f"{service.title} is not for a machine to offer.")
    actor.require(service.permission, doing=f'use "{service.title}"')
    arguments = service.validate(offer.arguments).model_dump(mode="json", exclude_unset=True)
    return service, arguments, None if service.is_read else service.propose(actor, arguments)


def ready(actor: Actor, offer: Offer, *, source: OfferSource) -> Ready | None:
    """The offer if it could be taken now by this person; what could not is not offered."""
    try:
        service, arguments, proposal = check(actor, offer)
    except IotsimError as error:
        log.info("copilot_offer_left_out", service=offer.service, reason=error.sentence)
        return None
    words = " ".join(offer.words.split())
    if source is OfferSource.MODEL and not service.is_read:  # a model never words what would change
        words = proposal.summary if proposal else f"{service.title}: {summary_of(arguments, None)}"
    return Ready(service.name, arguments, words[:LONGEST_WORDS], proposal.digest if proposal else "", source)


def keep(
    run: Run, offers: Sequence[Offer], *, actor: Actor, source: OfferSource = OfferSource.SERVICE
) -> list[KeptOffer]:
    """Keep what an answer offers, with its conversation; at most four of one answer, each call once."""
    found = [one for offer in offers if (one := ready(actor, offer, source=source))]
    with tenant(run.organization_id):
        before = list(KeptOffer.objects.filter(run=run).order_by("number"))
        calls = [(one.service, one.arguments) for one in before]
        fresh: list[Ready] = []
        for one in found:
            if (one.service, one.arguments) not in calls and len(calls) < MOST:
                calls.append((one.service, one.arguments))
                fresh.append(one)
        return KeptOffer.objects.bulk_create(
            KeptOffer(
                organization_id=run.organization_id,
                thread_id=run.thread_id,
                run=run,
                number=number,
                service=one.service,
                arguments=one.arguments,
                words=one.words,
                source=one.source.value,
                digest=one.digest,
            )
            for number, one in enumerate(fresh, len(before) + 1)
        )


# --- what a question makes of them ---


def settle(thread: Thread, run: Run, *, text: str, chosen: int | None = None) -> list[int]:
    """Take, decline or leave behind what is open, in the transaction of the question. Answers the numbers taken.

    `chosen` is the offer whose button was clicked. Raises NotFound or Conflict when that one is not open any more.
    """
    rows = list(KeptOffer.objects.select_for_update().filter(thread=thread, state=OfferState.OPEN).order_by("pk"))
    last = [one for one in rows if one.run_id == run.parent_id and not _is_old(one)]
    if chosen is not None:
        taken = [one for one in last if one.pk == chosen]
        if not taken:
            raise _not_open(thread, chosen)
    else:
        reply = read_reply(text) if last else None
        if reply is not None and _is_unclear(reply, last):
            KeptOffer.objects.filter(pk__in=[one.pk for one in last]).update(run=run)
            _end([one for one in rows if one not in last], OfferState.EXPIRED)
            return []
        taken = _meant(reply, last) if reply is not None else _named(text, last)
        if reply is not None and reply.no:
            _end(last, OfferState.WITHDRAWN, run)
    _end(taken, OfferState.TAKEN, run)
    _end([one for one in rows if one.state == OfferState.OPEN], OfferState.EXPIRED)
    return [one.pk for one in taken]


def _is_old(row: KeptOffer) -> bool:
    return row.created_at < timezone.now() - timedelta(hours=settings.COPILOT_OFFER_HOURS)


def _is_unclear(reply: Reply, last: Sequence[KeptOffer]) -> bool:
    """A bare yes when several are open and the answer asked about none of them, or a number that none of them has."""
    if reply.no or reply.everything:
        return False
    return not _meant(reply, last)


def _meant(reply: Reply, last: Sequence[KeptOffer]) -> list[KeptOffer]:
    if reply.no:
        return []
    if reply.everything:
        return list(last)
    if not reply.numbers:
        return list(last) if len(last) == 1 else _asked_about(last)
    places = [number - 1 if number > 0 else len(last) - 1 for number in reply.numbers]
    return [last[place] for place in places] if all(place < len(last) for place in places) else []


def _named(text: str, last: Sequence[KeptOffer]) -> list[KeptOffer]:
    """The one that a short answer names by what it does ("no, suspend it")."""
    place = meant_in_words(text, [one.words for one in last])
    return [] if place is None else [last[place]]


def _asked_about(last: Sequence[KeptOffer]) -> list[KeptOffer]:
    """The one that the answer itself put as a question ("Shall I ...?"), if it is one."""
    pieces = RunEvent.objects.filter(run_id__in={one.run_id for one in last}, payload__type="TEXT_MESSAGE_CONTENT")
    answer = _bare(
        "".join(str(one.get("delta", "")) for one in pieces.order_by("seq").values_list("payload", flat=True))
    )
    named = [one for one in last if _bare(one.words) in answer]
    if len(named) > 1:  # "Shall I raise its quota? Instead I could suspend it."
        named = [one for one in named if any(_bare(asked) in answer for asked in questions(one.words))]
    return named if len(named) == 1 else []


def _bare(text: str) -> str:
    """Words only: an answer may mark them up."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _end(rows: Sequence[KeptOffer], state: OfferState, run: Run | None = None) -> None:
    for row in rows:
        row.state, row.settled_at, row.settled_run_id = state.value, timezone.now(), run.pk if run else None
        row.save(update_fields=["state", "settled_at", "settled_run_id"])


def _not_open(thread: Thread, number: int) -> IotsimError:
    row = KeptOffer.objects.filter(pk=number, thread=thread).first()
    if row is None:
        return NotFound(f"There is no offer {number} in this conversation.", field="offer")
    if row.state == OfferState.TAKEN:
        return Conflict(f"That was taken already: {row.words}.")
    return Conflict(f"That offer is out of date: {row.words}. Ask again to have it as things are now.")
