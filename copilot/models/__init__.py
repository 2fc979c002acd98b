"""What the copilot keeps."""

from copilot.models.offers import KeptOffer, OfferSource, OfferState
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
    "KeptOffer",
    "OfferSource",
    "OfferState",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "Thread",
    "ToolCall",
]
