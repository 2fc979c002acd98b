"""Conditions that somebody should know of: found set-based in SQL, raised once, ended when they are over."""
