"""Files that people bring: one mapping per vendor, found by the header (pure; no Django)."""
