"""Charts: one builder for each kind, the page around them, the figures as plain data."""
