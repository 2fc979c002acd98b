"""The way in: vendors' files become usage records, daily sums and what the SIMs show of them."""
