"""The models there are, by name."""

from functools import cache
from typing import Any

from analytics.training.trainer import Trainer
from iotsim.core.errors import NotFound


@cache
def trainers() -> dict[str, Trainer[Any]]:
    """In the order of the page."""
    from analytics.training.churn import ChurnTrainer
    from analytics.training.usage import UsageTrainer

    found: list[Trainer[Any]] = [ChurnTrainer(), UsageTrainer()]
    return {one.name: one for one in found}


def trainer_of(name: str) -> Trainer[Any]:
    """Raises NotFound naming those there are."""
    known = trainers()
    if name not in known:
        raise NotFound(f"There is no model called {name}; there are {' and '.join(known)}.", field="model")
    return known[name]
