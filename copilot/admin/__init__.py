"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import attachments, clients, conversations, offers, pins, runs, spending

__all__ = ["attachments", "clients", "conversations", "offers", "pins", "runs", "spending"]
