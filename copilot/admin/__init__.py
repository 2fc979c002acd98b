"""What the copilot keeps, in the admin: importing this package registers it."""

from copilot.admin import evaluation, runs

__all__ = ["evaluation", "runs"]
