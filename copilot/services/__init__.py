"""Importing this package registers every service of the copilot."""

from copilot.services import attachments, conversations

__all__ = ["attachments", "conversations"]
