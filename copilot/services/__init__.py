"""Importing this package registers every service of the copilot."""

from copilot.services import attachments, conversations, exports, pins, sharing, versions

__all__ = ["attachments", "conversations", "exports", "pins", "sharing", "versions"]
