"""What the services about runs of the copilot return."""

from datetime import datetime

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class RunRow(BaseModel):
    """A question and how it was answered. Money in US dollars; None when the price is not known."""

    id: int
    thread: int
    question: str
    state: str = Field(description="queued, running, waiting, done, stopped or failed")
    model: str
    who: str
    is_mine: bool
    calls: int = Field(description="Tool calls")
    input_tokens: int
    output_tokens: int
    cost: float | None
    error: str
    created_at: datetime
    duration_ms: int | None = Field(description="From the question to the end; None while it runs")

    @property
    def is_over(self) -> bool:
        return self.duration_ms is not None

    @property
    def seconds(self) -> float:
        return (self.duration_ms or 0) / 1000


class RunPage(Answer):
    items: list[RunRow]
    next_cursor: str | None = None
    models: list[str] = Field(default=[], description="Models that answered lately")
    sees_all: bool = Field(description="Runs of everybody, not only one's own")


class StepOut(BaseModel):
    """A model call or a tool call. `left` and `width` are its place in the timeline, in percent."""

    kind: str = Field(description="wait, model or tool")
    name: str
    title: str
    state: str
    start_ms: int = Field(description="After the question was asked")
    duration_ms: int
    left: float
    width: float
    model: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    first_token_ms: int | None = None
    cost: float | None = None
    has_cost: bool = False
    said: str = ""
    error: str = ""
    sentence: str = ""
    arguments: str = ""
    result: str = ""
    approval: int | None = None
    approval_state: str = ""
    decided_by: str = ""
    event: int | None = Field(default=None, description="The audit event of the call")


class RunDetails(RunRow, Answer):
    answer: str
    steps: list[StepOut]
    trace_id: str
    request_id: str
    started_at: datetime | None
    finished_at: datetime | None
    total_ms: int = Field(description="The length of the timeline")
