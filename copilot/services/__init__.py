"""Importing this package registers every service of the copilot."""

from copilot.services import conversations, pins

__all__ = ["conversations", "pins"]
