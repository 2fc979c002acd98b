"""What the copilot keeps."""

from copilot.models.attachments import Attachment, AttachmentKind
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
    "Attachment",
    "AttachmentKind",
    "CallState",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "Thread",
    "ToolCall",
]
