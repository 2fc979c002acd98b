"""Conversations of several turns, from tests/evals/conversations.jsonl: what is called, what is said, what is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from copilot.planner import plan
from copilot.planner.evaluation import alike
from iotsim.core import registry
from iotsim.core.page_context import PageContext
from iotsim.core.slots import SlotContext
from tests.planner.conftest import NAMES, TODAY

FILE = Path(__file__).parent.parent / "evals" / "conversations.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def context_of(row: dict[str, Any]) -> SlotContext:
    page = PageContext.model_validate(row.get("page", {}))
    return SlotContext(today=TODAY, names=lambda kind: NAMES.get(kind, []), context=page)


@pytest.mark.parametrize("row", ROWS, ids=[one["name"] for one in ROWS])
def test_a_conversation_goes_as_it_should(row: dict[str, Any]) -> None:
    tools = [one for one in registry.all_services() if one.examples]
    context, messages = context_of(row), []  # type: SlotContext, list[dict[str, Any]]
    for turn in row["turns"]:
        messages.append({"role": "user", "content": turn["text"]})
        results, made = list(turn.get("results", [])), []  # type: list[Any], list[tuple[str, dict[str, Any]]]
        while (step := plan(messages, tools, context)).calls:
            for call in step.calls:
                number = f"c{len(messages)}"
                function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
                calls = [{"id": number, "type": "function", "function": function}]
                messages.append({"role": "assistant", "content": "", "tool_calls": calls})
                result = json.dumps(results.pop(0)) if results else '{"sentence": "?", "x": 1, "y": 2}'
                messages.append({"role": "tool", "tool_call_id": number, "content": result})
                made.append((call["name"], call["arguments"]))
            assert len(made) <= 10
        assert [name for name, _ in made] == [name for name, _ in turn["calls"]]
        for (_, given), (_, wanted) in zip(made, turn["calls"], strict=True):
            assert all(alike(value, given.get(name)) for name, value in wanted.items()), given
        assert turn.get("says", "") in (step.answer or "").replace("\u00a0", " ")
        offered = [one["words"] for one in (step.choices or {"options": []})["options"]]
        assert sorted(offered) == sorted(turn.get("choices", []))
        messages.append({"role": "assistant", "content": step.answer or ""})
