"""Importing this package registers every service of the copilot."""

from copilot.services import conversations, evaluations, pins, runs

__all__ = ["conversations", "evaluations", "pins", "runs"]
