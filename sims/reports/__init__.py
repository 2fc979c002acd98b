"""Reports of usage: what is asked, the figures and rows, and the file in one of four formats."""
