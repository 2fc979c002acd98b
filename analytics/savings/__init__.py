"""Advice as people meet it: chosen, shown, applied, and what SIMs cost."""
