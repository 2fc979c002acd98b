"""What is said of a photo: what stands on it, and what is done where no bar code could be read."""

from collections.abc import Sequence
from typing import Any, Final

from copilot.choice import Choice
from iotsim.core.brought import Code
from iotsim.core.wording import kept_apart

MOST_NAMED: Final = 5
CLOSER: Final = "Take it closer, straight and in good light."


def found_on(codes: Sequence[Code], sims: Sequence[Any]) -> str:
    """ "ICCID 8949...: SIM truck-17, active."; of the SIMs their labels, or the ends of their numbers."""
    named = ", ".join(f"{one.kind} {one.text}" for one in codes[:MOST_NAMED])
    told = [f"{kept_apart(one.label) or f'...{one.iccid[-4:]}'}, {_words(one.status)}" for one in sims[:MOST_NAMED]]
    return f"{named}: {'SIM ' + '; SIM '.join(told) if told else 'no SIM of yours'}."


def at_first(codes: Sequence[Code], sims: Sequence[Any], choice: Choice) -> str:
    """What is said of a photo when it was attached: no model has seen it yet."""
    if codes:
        return f"Found {found_on(codes, sims)}"
    nothing = "No ICCID, EID or IMEI could be read on the photo"
    if choice.is_planner:
        return f"{nothing}: only bar codes are read. {CLOSER}"
    if choice.masking:
        return f"{nothing}: only bar codes are read, as a picture cannot be masked for {choice.model}. {CLOSER}"
    return f"{nothing} by bar code. With your question {choice.model} is asked to read its text."


def _words(status: str) -> str:
    return status.replace("_", " ")
