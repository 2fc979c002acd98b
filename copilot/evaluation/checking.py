"""Whether what came of a turn is what must come of it: every assertion, with whether it held, in words."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from pydantic import TypeAdapter, ValidationError

from copilot.evaluation.cases import Turn, WantedCall
from iotsim.core import registry
from iotsim.core.errors import NotFound
from iotsim.core.wording import counted

WHEN = re.compile(r"\d{4}-\d\d-\d\d|\b\d\d?:\d\d\b")


@dataclass
class Made:
    """A tool call that was made."""

    name: str
    arguments: str  # as the model wrote them
    state: str = ""
    result: str = ""
    duration_ms: int = 0

    def read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.arguments or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass
class Heard:
    """What came of one turn. `changes`: services that changed something; `waiting`: approvals that were asked for."""

    question: str
    calls: list[Made] = field(default_factory=list)
    answer: str = ""
    error: str = ""
    state: str = ""
    waiting: list[int] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    run_id: int = 0
    duration_ms: int = 0

    @property
    def said(self) -> str:
        return self.answer or self.error


@dataclass(frozen=True)
class Assertion:
    """One thing that must be so."""

    words: str
    held: bool


def check(turn: Turn, heard: Heard) -> list[Assertion]:
    """Every assertion of the turn."""
    found: list[Assertion] = []
    if turn.calls is not None:
        found.append(_exactly(turn.calls, heard.calls))
    found += [Assertion(f"calls {_words(one)}", _any(one, heard.calls)) for one in turn.called]
    made = {one.name for one in heard.calls}
    found += [Assertion(f"does not call {name}", name not in made) for name in turn.not_called]
    found += _about_the_answer(turn, " ".join(heard.said.split()))
    if turn.most_calls is not None:
        found.append(
            Assertion(f"makes at most {counted(turn.most_calls, 'call')}", len(heard.calls) <= turn.most_calls)
        )
    if turn.approvals is not None:
        found.append(Assertion(f"asks for {counted(turn.approvals, 'approval')}", len(heard.waiting) == turn.approvals))
    if turn.unchanged is not None:
        found.append(Assertion("changes nothing" if turn.unchanged else "changes something", _fits(turn, heard)))
    if turn.refused is not None:
        found.append(Assertion("declines" if turn.refused else "does not decline", _declined(heard) == turn.refused))
    if not turn.state and turn.refused is None:
        found.append(Assertion("is answered", heard.state in ("done", "waiting") and bool(heard.said or heard.waiting)))
    if turn.state:
        found.append(Assertion(f"ends as {turn.state}", heard.state == turn.state))
    return found


def _fits(turn: Turn, heard: Heard) -> bool:
    return (not heard.changes) == turn.unchanged


def _declined(heard: Heard) -> bool:
    """Nothing was done and nothing waits, and the person was told something."""
    done = any(one.state not in ("failed", "denied", "cancelled") for one in heard.calls)
    return bool(heard.said) and not done and not heard.waiting and not heard.changes


def _about_the_answer(turn: Turn, said: str) -> list[Assertion]:
    low = said.lower()
    found = [Assertion(f"says “{one}”", one.lower() in low) for one in turn.contains]
    if turn.any_of:
        words = " or ".join(f"“{one}”" for one in turn.any_of)
        found.append(Assertion(f"says {words}", any(one.lower() in low for one in turn.any_of)))
    found += [Assertion(f"does not say “{one}”", one.lower() not in low) for one in turn.lacks]
    if turn.matches:
        found.append(Assertion(f"matches {turn.matches}", re.search(turn.matches, said, re.IGNORECASE) is not None))
    found += [Assertion(f"gives the figure {one}", has_figure(said, one)) for one in turn.figures]
    return found


def has_figure(text: str, figure: str) -> bool:
    """Whether the number stands there as a whole: 8 is not in 18, 8.5, 1,800 or 08:08; separators do not matter."""
    if not WHEN.search(figure):
        text = WHEN.sub("", text)  # the minute an answer was given is no figure of it
    plain = re.sub(r"(?<=\d)[,\u202f\u00a0](?=\d{3}\b)", "", text).replace("\u00a0", " ").replace("\u202f", " ")
    wanted = re.escape(figure.replace(",", "")).replace(r"\ ", r"\s*")
    return re.search(rf"(?<![\d.,]){wanted}(?![\d]|[.,]\d)", plain, re.IGNORECASE) is not None


def _exactly(wanted: Sequence[WantedCall], made: Sequence[Made]) -> Assertion:
    words = ", then ".join(_words(one) for one in wanted) or "nothing"
    fits = len(wanted) == len(made) and all(fits_call(one, call) for one, call in zip(wanted, made, strict=True))
    return Assertion(f"calls {words} and nothing else" if wanted else "calls nothing", fits)


def _any(wanted: WantedCall, made: Sequence[Made]) -> bool:
    return any(fits_call(wanted, one) for one in made)


def _words(wanted: WantedCall) -> str:
    told = json.dumps(wanted.arguments, ensure_ascii=False) if wanted.arguments else ""
    return " ".join(one for one in (" or ".join(wanted.tools), told, wanted.state and f"({wanted.state})") if one)


def fits_call(wanted: WantedCall, made: Made) -> bool:
    """Whether a call that was made is the one that must be."""
    if made.name not in wanted.tools or (wanted.state and made.state != wanted.state):
        return False
    given = {name: value for name, value in made.read().items() if value is not None}
    if wanted.only and set(given) - set(wanted.arguments):
        return False
    return all(_value_fits(made.name, name, value, given.get(name)) for name, value in wanted.arguments.items())


def _value_fits(tool: str, name: str, wanted: Any, given: Any) -> bool:
    if isinstance(wanted, Mapping):
        return _matches(tool, name, wanted, given)
    left, right = normal(tool, name, wanted), normal(tool, name, given)
    if isinstance(right, list) and not isinstance(left, list):
        left = [left]
    if isinstance(left, list) and isinstance(right, list):
        return sorted(map(str, left)) == sorted(map(str, right))
    return bool(left == right)


def _matches(tool: str, name: str, matcher: Mapping[str, Any], given: Any) -> bool:
    values = [str(one) for one in (given if isinstance(given, list) else [given]) if one is not None]
    for kind, wanted in matcher.items():
        match kind:
            case "any":
                fits = any(_value_fits(tool, name, one, given) for one in wanted)
            case "ends":
                fits = any(one.endswith(str(wanted)) for one in values)
            case "contains":
                fits = any(str(wanted).lower() in one.lower() for one in values)
            case "matches":
                fits = any(re.search(str(wanted), one, re.IGNORECASE) is not None for one in values)
            case "count":
                fits = len(values) == wanted
            case _:
                fits = False
        if not fits:
            return False
    return True


def normal(tool: str, name: str, value: Any) -> Any:
    """A value as the service's own parameter reads it ("5GB" is 5000000000); as it is where it does not."""
    try:
        about = registry.get(tool).parameters.model_fields[name]
        reader: TypeAdapter[Any] = TypeAdapter(cast(Any, Annotated)[about.annotation, about])
        read = reader.validate_python(value)
        plain = TypeAdapter(Any).dump_python(read, mode="json")
    except (NotFound, KeyError, ValidationError):
        plain = value
    return plain.lower() if isinstance(plain, str) else plain
