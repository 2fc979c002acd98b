"""Importing this package registers every service of the copilot."""

from copilot.services import conversations

__all__ = ["conversations"]
