"""What the copilot keeps."""

from copilot.models.ratings import Feedback, Verdict
from copilot.models.runs import (
    ACTIVE,
    CallState,
    QueuedRun,
    Run,
    RunEvent,
    RunState,
    Thread,
    ToolCall,
)
from copilot.models.texts import RunText

__all__ = [
    "ACTIVE",
    "CallState",
    "Feedback",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "RunText",
    "Thread",
    "ToolCall",
    "Verdict",
]
