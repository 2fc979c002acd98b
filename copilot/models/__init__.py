"""What the copilot keeps."""

from copilot.models.clients import ClientRun, ClientThread
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
    "ClientRun",
    "ClientThread",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "Thread",
    "ToolCall",
]
