"""Prices, plans and pools: what SIMs would cost. Pure numbers: no Django."""
