"""SIMs, customers or operators side by side, each in a period and in the one before."""
