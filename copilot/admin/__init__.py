"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import offers, runs

__all__ = ["offers", "runs"]
