"""What lies ahead, as it stands now: forecasts made at night brought up to date with what has come in since."""
