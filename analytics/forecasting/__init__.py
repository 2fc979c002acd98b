"""Forecasts of usage from arrays (day, SIM). Pure numbers: no Django."""
