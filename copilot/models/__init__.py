"""What the copilot keeps."""

from copilot.models.evaluation import AddedCase, EvaluationCase, EvaluationRun, EvaluationState
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

__all__ = [
    "ACTIVE",
    "AddedCase",
    "CallState",
    "EvaluationCase",
    "EvaluationRun",
    "EvaluationState",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "Thread",
    "ToolCall",
]
