"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import runs, spending

__all__ = ["runs", "spending"]
