"""What the copilot keeps."""

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
    "CallState",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "Thread",
    "ToolCall",
]
