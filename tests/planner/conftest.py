"""The planner of the whole registry, made once for all tests."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from iotsim.core.slots import SlotContext

if TYPE_CHECKING:
    from copilot.planner import Outline, Planner

TODAY = date(2026, 11, 22)
NAMES: dict[str, list[str]] = json.loads((Path(__file__).parent.parent / "evals" / "names.json").read_text("utf-8"))


class Outliner(Protocol):
    def __call__(self, text: str) -> "Outline": ...


@pytest.fixture(scope="session")
def context() -> SlotContext:
    return SlotContext(today=TODAY)


@pytest.fixture(scope="session")
def named() -> SlotContext:
    """An organisation with plans, tags and customers of its own."""
    return SlotContext(today=TODAY, names=lambda kind: NAMES.get(kind, []))


@pytest.fixture(scope="session")
def planner() -> "Planner":
    from copilot.planner import planner_for

    return planner_for(())


@pytest.fixture(scope="session")
def outline(planner: "Planner", context: SlotContext) -> Outliner:
    def outline_of(text: str) -> "Outline":
        return planner.outline(text, context)

    return outline_of
