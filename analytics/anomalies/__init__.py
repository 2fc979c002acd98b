"""Anomalies in arrays (day, SIM) and in single series. Pure numbers: no Django."""

from analytics.anomalies.detector import new_state, peek, scan, step
from analytics.anomalies.series import score_series
from analytics.anomalies.shapes import KINDS, SEVERITIES, STATE, Day, Days, Findings, Scan, Settings

__all__ = [
    "KINDS", "SEVERITIES", "STATE", "Day", "Days", "Findings", "Scan", "Settings", "new_state", "peek", "scan",
    "score_series", "step",
]  # fmt: skip
