"""Carrying a plan of several calls forward: what can be called now, given the results so far, or how it ended.

Free of state: the same plan is walked again after every result, so that any process can go on, also after an approval.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from copilot.planner.answers import answer_for, answers_for, is_over, stopped_for
from copilot.planner.memory import items_of
from copilot.planner.phrases import phrase
from copilot.planner.plans import Call, Later, Outline

Done = tuple[dict[str, Any], Any]  # a call as {"name", "arguments"} and its result

MOST_EACH: Final = 6  # calls that one step makes, one for each of several things


@dataclass
class Walk:
    """Where a plan stands: calls to make now, or that it is over with something to say."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    answer: str | None = None
    failed: Done | None = None


@dataclass
class _State:
    outline: Outline
    results: dict[int, list[Done]] = field(default_factory=dict)  # by the place of the call in the outline


class _Stopped(Exception):
    """The plan cannot go on; the sentence says why."""


def walk(outline: Outline, done: Sequence[Done], *, allowed: Collection[str], title: Callable[[str], str]) -> Walk:
    """The next calls of the plan. `done` are the calls made for it so far, in order."""
    state, position = _State(outline), 0
    for step in steps_of(outline):
        try:
            wanted = [(at, arguments) for at in step for arguments in _arguments(state, at)]
        except _Stopped as why:
            return Walk(answer=_account(state, str(why), step[0], title))
        have = done[position : position + len(wanted)]
        position += len(have)
        for (at, _), pair in zip(wanted, have, strict=False):
            state.results.setdefault(at, []).append(pair)
        failed = next((pair for pair in have if is_over(pair[1])), None)
        if failed is not None:
            return Walk(
                answer=_account(state, stopped_for(*failed, outline.language), step[-1] + 1, title), failed=failed
            )
        if len(have) < len(wanted):
            return _call(state, wanted[len(have) :], allowed, title)
    asked = [(pair, call.asked) for at, call in enumerate(outline.calls) for pair in state.results.get(at, ())]
    return Walk(answer=answers_for([pair for pair, wanted_too in asked if wanted_too], outline.language))


def _call(
    state: _State, wanted: Sequence[tuple[int, dict[str, Any]]], allowed: Collection[str], title: Callable[[str], str]
) -> Walk:
    names = [state.outline.calls[at].name for at, _ in wanted]
    if any(name not in allowed for name in names):
        refused = phrase("role", state.outline.language, title=title(names[0]))
        return Walk(answer=_account(state, refused, wanted[0][0] + 1, title))
    pairs = zip(names, wanted, strict=True)
    return Walk(calls=[{"name": name, "arguments": arguments} for name, (_, arguments) in pairs])


def steps_of(outline: Outline) -> list[list[int]]:
    """The places of the calls, those that may be made at once together: reads side by side that need no result."""
    steps: list[list[int]] = []
    for at, call in enumerate(outline.calls):
        before = outline.calls[at - 1] if at else None
        together = before is not None and all(one.is_read and not _waits(one) for one in (before, call))
        if together:
            steps[-1].append(at)
        else:
            steps.append([at])
    return steps


def _waits(call: Call) -> bool:
    return any(isinstance(value, Later) for value in call.arguments.values())


def _arguments(state: _State, at: int) -> list[dict[str, Any]]:
    """The arguments of a call with what was to come taken from results; one set for each thing where that is meant."""
    sets: list[dict[str, Any]] = [{}]
    for name, value in state.outline.calls[at].arguments.items():
        values = _values(state, at, value) if isinstance(value, Later) else [value]
        sets = [one | {name: each} for each in values for one in sets]
    return sets


def _values(state: _State, at: int, later: Later) -> list[Any]:
    place = later.of if later.of >= 0 else at - 1
    pairs = state.results.get(place, [])
    call, result = pairs[-1] if pairs else (dict[str, Any](), None)
    found, more = taken(later, result, limit=call.get("arguments", {}).get("limit"))
    language = state.outline.language
    if more or (later.each and len(found) > MOST_EACH):
        why = phrase("too_many", language, count=more or len(found))
        raise _Stopped(f"{why} {answer_for(call, result, language)}")
    if not found:
        raise _Stopped(f"{phrase('nothing_fits', language)} {answer_for(call, result, language)}")
    if later.each:
        return found
    return [found if later.many else found[0]]


def taken(later: Later, result: Any, *, limit: int | None) -> tuple[list[Any], int]:
    """The values a result holds, and how many were wanted when some of them are not in it (else 0)."""
    values = [item[later.field] for item in items_of(result) if later.field in item]
    if not (later.many or later.each):
        return values[:1], 0
    total = result.get("total", len(values)) if isinstance(result, Mapping) else 0
    total = min(total, limit or total)
    return values, total if total > len(values) else 0


def _account(state: _State, why: str, rest: int, title: Callable[[str], str]) -> str:
    """Why it ended, what was changed before, and what was not done."""
    language, calls = state.outline.language, state.outline.calls
    changed = [
        str(result.get("sentence"))
        for at, pairs in state.results.items()
        for _, result in pairs
        if not calls[at].is_read and not is_over(result) and result.get("sentence")
    ]
    left = [title(one.name) for one in calls[rest:] if one.asked]
    parts = [why]
    if changed:
        parts.append(phrase("done_before", language, done=" ".join(changed)))
    if left and len(calls) > 1:
        parts.append(phrase("not_done", language, titles=", ".join(dict.fromkeys(left))))
    return " ".join(parts)
