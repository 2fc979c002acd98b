"""What the services about evaluations return."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ShareOut(BaseModel):
    """How many cases of a category passed."""

    category: str
    passed: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.passed / self.total if self.total else 0.0


class EvaluationOut(Answer):
    """The suite asked of one model. Cost in US dollars, None when it is not known."""

    id: int
    model: str
    version: str
    suite_hash: str
    only: str
    repeat: int
    state: str = Field(description="running, done, stopped or failed")
    total: int
    done: int
    passed: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    who: str
    job: int | None = None
    error: str
    started_at: datetime
    finished_at: datetime | None
    median_ms: int = Field(default=0, description="Of a case")

    @property
    def percent(self) -> float:
        return 100 * self.passed / self.done if self.done else 0.0


class EvaluationPage(Answer):
    items: list[EvaluationOut]
    next_cursor: str | None = None
    models: list[str] = Field(description="Models that can be asked here")
    categories: list[str] = Field(description="Of the suite")
    cases: int = Field(description="How many the suite has")
    added: list["AddedCaseOut"] = Field(description="Cases out of real conversations")
    trend: list["TrendOut"] = Field(description="Shares of the newest complete runs, the oldest first")
    running: EvaluationOut | None = None


class TrendOut(BaseModel):
    """What share of each category passed in one run."""

    id: int
    at: datetime
    model: str
    shares: list[ShareOut]


class AddedCaseOut(Answer):
    id: int
    name: str
    run: int
    who: str
    questions: list[str]
    created_at: datetime


class AssertionOut(BaseModel):
    words: str
    held: bool


class CallOut(BaseModel):
    name: str
    arguments: str
    state: str = ""
    result: str = ""
    duration_ms: int = 0


class TurnOut(BaseModel):
    """One question of a case, what came of it and which assertions held."""

    question: str
    answer: str = ""
    error: str = ""
    state: str = ""
    calls: list[CallOut] = []
    waiting: list[int] = []
    changes: list[str] = []
    assertions: list[AssertionOut] = []
    duration_ms: int = 0


class CaseRow(BaseModel):
    id: int
    name: str
    category: str
    attempt: int
    passed: bool
    missed: list[str] = Field(description="The assertions that did not hold")
    input_tokens: int
    output_tokens: int
    cost: float | None
    duration_ms: int


class EvaluationDetails(EvaluationOut):
    shares: list[ShareOut]
    cases: list[CaseRow]
    others: list[EvaluationOut] = Field(description="Finished ones that it can be compared with")

    @property
    def failed(self) -> list[CaseRow]:
        return [one for one in self.cases if not one.passed]

    @property
    def succeeded(self) -> list[CaseRow]:
        return [one for one in self.cases if one.passed]


class CaseDetails(Answer):
    evaluation: EvaluationOut
    case: CaseRow
    turns: list[TurnOut]


class ChangedCase(BaseModel):
    """A case that came out differently: its number in each run, and how many of its attempts passed."""

    name: str
    category: str
    first_case: int
    second_case: int
    first: str
    second: str


class ComparedShare(BaseModel):
    category: str
    first: float
    second: float

    @property
    def change(self) -> float:
        return self.second - self.first


class EvaluationComparison(Answer):
    first: EvaluationOut
    second: EvaluationOut
    same_suite: bool
    better: list[ChangedCase]
    worse: list[ChangedCase]
    only_first: int = Field(description="Cases that only the first was asked")
    only_second: int
    shares: list[ComparedShare]


class EvaluationDone(Answer):
    """What a job that evaluates answers at its end."""

    id: int
    path: str


def turn_of(plain: dict[str, Any]) -> TurnOut:
    return TurnOut.model_validate({name: plain[name] for name in TurnOut.model_fields if name in plain})
