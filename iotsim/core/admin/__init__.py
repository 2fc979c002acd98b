"""The platform's tables in the admin."""

from iotsim.core.admin import people, work

__all__ = ["people", "work"]
