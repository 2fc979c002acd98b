"""Importing this package registers every service of the copilot."""

from copilot.services import choice, conversations, spending

__all__ = ["choice", "conversations", "spending"]
