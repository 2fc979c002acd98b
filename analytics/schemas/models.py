"""Models as things with a life: versions, metrics, who promoted them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from analytics.models import ModelVersion
from analytics.training.words import METRICS
from iotsim.core.schemas import Answer


class NeedOut(BaseModel):
    """One thing a training needs."""

    what: str
    have: int
    need: int
    is_met: bool
    words: str


class Figure(BaseModel):
    """One figure of a version, and the champion's on the same days."""

    name: str
    title: str
    value: float | None
    words: str
    beside: float | None = None
    beside_words: str = ""
    is_better: bool | None = Field(default=None, description="Than the champion's; null where that cannot be said")


class VersionOut(BaseModel):
    """One training of a model."""

    id: int
    version: int
    stage: str = Field(description="challenger, champion or retired")
    figures: list[Figure]
    beside_version: int | None = Field(default=None, description="The champion that was judged beside it")
    features: list[str]
    parameters: dict[str, Any]
    dataset: dict[str, Any] = Field(description="Its id, first_day, last_day, held_from, rows and counts")
    sha256: str
    size_bytes: int
    mlflow_run_id: str
    seconds: float
    trained_at: datetime
    trained_by: str
    promoted_at: datetime | None
    promoted_by: str
    retired_at: datetime | None
    note: str

    @classmethod
    def of(cls, row: ModelVersion) -> "VersionOut":
        same = {
            name: getattr(row, name) for name in cls.model_fields if name not in ("id", "figures", "beside_version")
        }
        return cls(id=row.pk, figures=figures_of(row), beside_version=row.beside.get("version"), **same)

    @property
    def main(self) -> Figure | None:
        return self.figures[0] if self.figures else None

    @property
    def period(self) -> str:
        return f"{self.dataset.get('first_day', '')} to {self.dataset.get('last_day', '')}"


def figures_of(row: ModelVersion) -> list[Figure]:
    """In the order of METRICS."""
    found = []
    for name, metric in METRICS.items():
        value, other = row.metrics.get(name), row.beside.get(name)
        if value is None and other is None:
            continue
        comparable = metric.more_is_better is not None and None not in (value, other) and value != other
        found.append(
            Figure(
                name=name, title=metric.title, value=value, words=metric.words(value), beside=other,
                beside_words=metric.words(other) if other is not None else "",
                is_better=(value > other) == metric.more_is_better if comparable else None,
            )
        )  # fmt: skip
    return found


class ModelCard(BaseModel):
    """A model in a few words."""

    name: str
    title: str
    about: str
    state: str = Field(description="in use, trained, ready or waiting (for what it needs)")
    summary: str
    needs: list[NeedOut]
    champion: VersionOut | None = None
    challenger: VersionOut | None = None
    versions: int = Field(description="How many there are")
    job: int | None = Field(default=None, description="The training under way")


class ModelPage(Answer):
    items: list[ModelCard]


class LiftStep(BaseModel):
    share: float = Field(description="Of the customers, the riskiest first")
    found: int
    lift: float
    captured: float = Field(description="Of those who left")


class ModelDetail(Answer):
    """All that is known of one model."""

    card: ModelCard
    versions: list[VersionOut] = Field(description="The newest first")
    lift: list[LiftStep] = Field(default=[], description="Of the version in use, else of the newest")
    metric: str = Field(description="The figure by which versions are compared")


class ModelTrained(Answer):
    """What came of a training."""

    model: str
    version: int
    figures: list[Figure]
    path: str = ""


class ModelChange(Answer):
    """Which version is in use from now on."""

    model: str
    version: int | None = Field(description="The champion now; null: none, rules and tables are used instead")
    before: int | None = Field(description="The champion before")
