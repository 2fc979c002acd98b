"""The tool by which a real model offers a next step: it checks the call and runs nothing."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from copilot.offers import check
from iotsim.core.actor import Actor
from iotsim.core.offers import Offer
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer


class OfferMade(Answer):
    """What a person may now take with one click, or by saying yes."""

    offers: list[Offer]


def _object(value: Any) -> Any:
    """An address holds text, so an object comes as JSON there."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("Arguments: this is no JSON object.") from error


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/offers/check",
    examples=(),
    title="Offer a next step",
)
def offer_next_step(
    actor: Actor,
    *,
    service: Annotated[str, Field(description="Name of the tool that would be called", max_length=80)],
    arguments: Annotated[
        dict[str, Any], BeforeValidator(_object), Field(description="Its arguments, complete and exact")
    ],
    words: Annotated[str, Field(description="What it does, as a button says it", min_length=1, max_length=200)],
) -> OfferMade:
    """Offer one call of another tool to the person, as a button. Nothing runs: they take it with a click, or say yes.

    Use it instead of asking "shall I ...?" in words alone.
    """
    offer = Offer(service=service, arguments=arguments, words=words)
    _, plain, _ = check(actor, offer)
    made = offer.model_copy(update={"arguments": plain})
    return OfferMade(sentence=f"Offered as a button: {words}. Nothing has been done.", offers=[made])
