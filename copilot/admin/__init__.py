"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import pins, runs

__all__ = ["pins", "runs"]
