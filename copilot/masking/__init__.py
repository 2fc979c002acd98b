"""Masking: names and identifiers leave as placeholders, and come back as what they stand for. Pure."""

from copilot.masking.mask import Mask, Unmasking
from copilot.masking.names import Names

__all__ = ["Mask", "Names", "Unmasking"]
