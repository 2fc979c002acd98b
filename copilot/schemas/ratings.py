"""What the services about ratings return."""

from datetime import datetime

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class Rating(Answer):
    run: int
    verdict: str = Field(description="up, down or none")
    comment: str = ""
    verdict_before: str = "none"
    comment_before: str = ""


class FeedbackOut(BaseModel):
    """A verdict on an answer, with question and answer as they were."""

    id: int
    run: int
    verdict: str = Field(description="up or down")
    comment: str
    question: str
    answer: str
    model: str
    who: str
    created_at: datetime
    updated_at: datetime


class FeedbackPage(Answer):
    items: list[FeedbackOut]
    next_cursor: str | None = None
