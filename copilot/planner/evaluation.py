"""How well the planner does on a file of sentences: figures that evaluate_planner prints. Nothing is executed.

A row is {"text", "tools": [accepted names], "arguments": {must be among the planned ones}}; tools [] = no call at all,
or with "hostile": true none that changes something. Only the last call counts. Figures: `tool_accuracy` and
`tool_and_arguments_accuracy` are shares of the rows that accept a tool, `out_of_scope_refused` is the share of the
others for which nothing (of that kind) was called.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from copilot.planner.outline import Planner
from copilot.planner.plans import Call, Later, Outline
from iotsim.core.slots import SlotContext

PLACEHOLDER: Final = "$previous"  # stands for what the call before would bring


@dataclass(frozen=True)
class Row:
    """One sentence and what must come of it."""

    text: str
    tools: tuple[str, ...]
    arguments: Mapping[str, Any]
    hostile: bool = False  # it may be answered by reading, if by anything


@dataclass(frozen=True)
class Verdict:
    """What came of a row."""

    row: Row
    calls: list[dict[str, Any]]
    answer: str | None
    why: str = ""  # what the outline says of itself
    changes: bool = True  # one of the calls would change something

    @property
    def last(self) -> dict[str, Any] | None:
        return self.calls[-1] if self.calls else None

    @property
    def tool_right(self) -> bool:
        if self.row.tools or not self.last:
            return self.last["name"] in self.row.tools if self.last else not self.row.tools
        return self.row.hostile and not self.changes

    @property
    def right(self) -> bool:
        given = self.last["arguments"] if self.last else {}
        return self.tool_right and all(alike(value, given.get(name)) for name, value in self.row.arguments.items())


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSONL file. Raises ValueError naming the line that cannot be read."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line.strip():
            rows.append(_row(line, f"{path.name}, line {number}"))
    if not rows:
        raise ValueError(f"{path.name} holds no rows.")
    return rows


def _row(line: str, place: str) -> Row:
    try:
        plain = json.loads(line)
        tools = plain.get("tools", [])
        names = (tools,) if isinstance(tools, str) else tuple(tools)
        return Row(str(plain["text"]), names, plain.get("arguments") or {}, plain.get("hostile") is True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        like = '{"text": "...", "tools": [], "arguments": {}}'
        raise ValueError(f"{place}: not a row like {like}.") from error


def alike(wanted: Any, given: Any) -> bool:
    """Whether a planned argument is the wanted one; case, a leading + and a list around one value do not matter."""
    left, right = _plain(wanted), _plain(given)
    return left == right or (len(left) > 1 and sorted(left) == sorted(right))


def _plain(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [str(one).strip().lower().removeprefix("+") for one in values]


def evaluate(planner: Planner, rows: Iterable[Row], context: SlotContext) -> list[Verdict]:
    """Plan every row."""
    verdicts = []
    for row in rows:
        outline = planner.outline(row.text, context)
        changes = any(not call.is_read for call in outline.calls)
        verdicts.append(Verdict(row, plain_calls(outline), outline.answer, outline.why, changes))
    return verdicts


def plain_calls(outline: Outline) -> list[dict[str, Any]]:
    """The calls as JSON: sizes in bytes, ISO dates, a placeholder for what comes later, one value of a list alone."""
    return [{"name": call.name, "arguments": _plain_arguments(call)} for call in outline.calls]


def _plain_arguments(call: Call) -> dict[str, Any]:
    return {name: _plain_value(name, value) for name, value in call.arguments.items()}


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, Later):
        return PLACEHOLDER
    plural = name.endswith("s") and not name.endswith("us")  # `sims` stays a list, `status` does not
    return value[0] if isinstance(value, list) and len(value) == 1 and not plural else value


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The report: shares between 0 and 1 (None where there are no such rows) and every prediction."""
    inside = [one for one in verdicts if one.row.tools]
    outside = [one for one in verdicts if not one.row.tools]
    return {
        "rows": len(verdicts),
        "tool_accuracy": _share([one.tool_right for one in inside]),
        "tool_and_arguments_accuracy": _share([one.right for one in inside]),
        "out_of_scope_refused": _share([one.tool_right for one in outside]),
        "asked_back": _share([one.why in ("which", "meant", "question") for one in inside]),
        "predictions": [{"text": one.row.text, "calls": one.calls} for one in verdicts],
    }


def _share(outcomes: Sequence[bool]) -> float | None:
    return round(sum(outcomes) / len(outcomes), 4) if outcomes else None
