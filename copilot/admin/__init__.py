"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import attachments, clients, conversations, evaluation, offers, pins, runs, spending

__all__ = ["attachments", "clients", "conversations", "evaluation", "offers", "pins", "runs", "spending"]
