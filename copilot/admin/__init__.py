"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import runs

__all__ = ["runs"]
