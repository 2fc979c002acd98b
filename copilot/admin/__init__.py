"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import attachments, conversations, pins, runs, spending

__all__ = ["attachments", "conversations", "pins", "runs", "spending"]
