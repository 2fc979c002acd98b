"""Importing this package registers every service of the copilot."""

from copilot.services import conversations, exports, pins, sharing, versions

__all__ = ["conversations", "exports", "pins", "sharing", "versions"]
