"""Importing this package registers every service of the copilot."""

from copilot.services import (
    attachments,
    choice,
    conversations,
    evaluations,
    exports,
    offering,
    photos,
    pins,
    runs,
    sharing,
    spending,
    versions,
)

__all__ = [
    "attachments",
    "choice",
    "conversations",
    "evaluations",
    "exports",
    "offering",
    "photos",
    "pins",
    "runs",
    "sharing",
    "spending",
    "versions",
]
