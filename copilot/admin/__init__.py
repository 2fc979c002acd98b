"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import clients, runs

__all__ = ["clients", "runs"]
