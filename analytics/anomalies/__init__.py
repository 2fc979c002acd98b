"""Anomalies in arrays (day, SIM) and in single series. Pure numbers: no Django."""
