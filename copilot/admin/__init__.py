"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import conversations, runs

__all__ = ["conversations", "runs"]
