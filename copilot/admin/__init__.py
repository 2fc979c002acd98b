"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import attachments, runs, spending

__all__ = ["attachments", "runs", "spending"]
