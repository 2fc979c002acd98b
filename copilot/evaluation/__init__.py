"""How well a model does as the copilot: a suite of conversations with what must and must not come of them.

cases.py reads the suite (suite/*.yaml), sandbox.py makes an organisation to ask in, asking.py asks, checking.py
compares, running.py does it for a whole suite and keeps what came of it, comparing.py puts two runs side by side.
"""
