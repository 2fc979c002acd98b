"""What the copilot keeps."""

from copilot.models.attachments import Attachment, AttachmentKind
from copilot.models.calls import ModelCall, ModelCallState
from copilot.models.choices import CopilotSettings
from copilot.models.clients import ClientRun, ClientThread
from copilot.models.evaluation import AddedCase, EvaluationCase, EvaluationRun, EvaluationState
from copilot.models.memory import ThreadMemory
from copilot.models.offers import KeptOffer, OfferSource, OfferState
from copilot.models.pins import Pin
from copilot.models.ratings import Feedback, Verdict
from copilot.models.runs import ACTIVE, CallState, QueuedRun, Run, RunEvent, RunState, Thread, ToolCall
from copilot.models.texts import RunText

__all__ = [
    "ACTIVE",
    "AddedCase",
    "Attachment",
    "AttachmentKind",
    "CallState",
    "ClientRun",
    "ClientThread",
    "CopilotSettings",
    "EvaluationCase",
    "EvaluationRun",
    "EvaluationState",
    "Feedback",
    "KeptOffer",
    "ModelCall",
    "ModelCallState",
    "OfferSource",
    "OfferState",
    "Pin",
    "QueuedRun",
    "Run",
    "RunEvent",
    "RunState",
    "RunText",
    "Thread",
    "ThreadMemory",
    "ToolCall",
    "Verdict",
]
