"""Savings: advice on plans and pools, and what came of it."""
