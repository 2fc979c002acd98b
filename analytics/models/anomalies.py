"""Anomalies: what was found, what people said of it, and how the organisation wants it."""
