"""Forecasts: what SIMs, customers, pools and the fleet will use, and when quotas run out."""
