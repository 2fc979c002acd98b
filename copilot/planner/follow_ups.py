"""Sentences that go on from the last one: "what about the last 7 days", "only the German ones", "and Acme?"."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from copilot.planner.memory import Memory
from copilot.planner.parts import all_named, each_of
from copilot.planner.plans import Call
from copilot.planner.reading import Reading, Tool, fill
from copilot.planner.text import words_of


def follow_up(reading: Reading, memory: Memory, tools: Mapping[str, Tool], openers: Collection[str]) -> list[Call]:
    """The last call again with what was just said, once for each of several; none where it is a request of its own."""
    last = memory.last_call
    if last is None or last["name"] not in tools or not memory.is_elliptic(reading.text):
        return []
    if not memory.goes_on(reading.text) and _is_command(reading.text, openers):
        return []
    filled = fill(tools[last["name"]], reading)
    named = all_named(filled)
    strangers = [
        hit
        for hit in filled.unused
        if not (hit.slot.free or hit.slot.shares or hit.found.value in named) and hit.found.score >= 0.7
    ]
    if not filled.used or strangers or any(hit.slot.opens for hit in filled.used):
        return []
    return [replace(one, arguments=last["arguments"] | one.arguments) for one in each_of(filled, filled.arguments)]


def _is_command(text: str, openers: Collection[str]) -> bool:
    """Whether it begins with a verb of its own: "show truck-17" after a suspension suspends nothing."""
    return any(word in openers for word in words_of(text)[:1])
