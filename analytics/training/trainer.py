"""What a model must bring to have a life: where it learns from, how it is judged, how it is loaded."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from iotsim.core.errors import Conflict

Progress = Callable[[int, int], None]


class Kept(Protocol):
    """A model that knows itself as bytes: LightGBM's text and JSON, never a pickle."""

    def to_bytes(self) -> bytes: ...


M = TypeVar("M", bound=Kept)


class CannotTrain(Conflict):
    """What is missing, in a sentence."""

    code, title = "cannot_train", "It cannot be learned yet"


@dataclass(frozen=True)
class Need:
    """One thing a training needs: how much of it there is, and how much there must be."""

    what: str
    have: int
    need: int

    @property
    def is_met(self) -> bool:
        return self.have >= self.need

    @property
    def words(self) -> str:
        if self.is_met:
            return f"{self.have:,} {self.what}, at least {self.need:,} are needed"
        return f"{self.have:,} of {self.need:,} {self.what}"


@dataclass(frozen=True)
class Dataset:
    """What a training learns from and is judged by. `learn` and `hold` are the trainer's own; `hold` is later in time.

    `id` is a hash of the query, the ids and the days, so that the same data can be told again. `facts`: counts for
    people, by name.
    """

    id: str
    first_day: date
    last_day: date
    held_from: date
    rows: int
    learn: Any
    hold: Any
    facts: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        days = {"first_day": self.first_day, "last_day": self.last_day, "held_from": self.held_from}
        return {"id": self.id, "rows": self.rows, **{name: day.isoformat() for name, day in days.items()}, **self.facts}


class Trainer(ABC, Generic[M]):
    """One kind of model. Methods open the tenant's transactions that they need, and wait for nothing else.

    `metric` is the figure by which versions are compared, `higher_is_better` says which way.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]

    @abstractmethod
    def needs(self, organization_id: int) -> list[Need]:
        """What a training needs, inside the tenant's transaction; cheap enough for a page."""

    @abstractmethod
    def snapshot(self, organization_id: int) -> Dataset:
        """The data as they are now. Raises CannotTrain."""

    @abstractmethod
    def fit(self, data: Dataset, progress: Progress) -> M:
        """Learn from `data.learn` alone. Raises CannotTrain."""

    @abstractmethod
    def score(self, model: M, data: Dataset) -> dict[str, float]:
        """Figures on `data.hold` alone."""

    @abstractmethod
    def load(self, content: bytes) -> M:
        """The model out of its bytes. Raises ValueError."""

    @abstractmethod
    def features(self, model: M) -> list[str]: ...

    @abstractmethod
    def parameters(self, model: M) -> dict[str, Any]: ...

    def charts(self, model: M, data: Dataset) -> dict[str, Any]:
        """What the page draws of this version, as plain JSON."""
        return {}

    def apply(self, organization_id: int) -> None:
        """Another version is in use from now on, or none: what was worked out with the old one is done anew."""
        return

    def is_better(self, metrics: Mapping[str, float], than: Mapping[str, float]) -> bool | None:
        """Whether the first figures beat the second; None when they cannot be compared."""
        if self.metric not in metrics or self.metric not in than:
            return None
        mine, other = metrics[self.metric], than[self.metric]
        return mine > other if self.higher_is_better else mine < other


def missing(needs: list[Need]) -> str:
    """What is not there yet: "4 of 50 churned customers; 120 of 180 days"; empty when nothing is missing."""
    return "; ".join(one.words for one in needs if not one.is_met)
