"""Importing this package registers every service of the copilot."""

from copilot.services import attachments, choice, conversations, exports, pins, sharing, spending, versions

__all__ = ["attachments", "choice", "conversations", "exports", "pins", "sharing", "spending", "versions"]
