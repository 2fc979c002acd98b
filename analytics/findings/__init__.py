"""Anomalies as people meet them: in words, as rows to filter and mark, as alerts within a budget."""
