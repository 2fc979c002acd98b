"""Importing this package registers every service of the copilot."""

from copilot.services import attachments, conversations, evaluations, exports, offering, pins, runs, sharing, versions

__all__ = ["attachments", "conversations", "evaluations", "exports", "offering", "pins", "runs", "sharing", "versions"]
