"""Importing this package registers every service of the copilot."""

from copilot.services import conversations, offering, pins

__all__ = ["conversations", "offering", "pins"]
