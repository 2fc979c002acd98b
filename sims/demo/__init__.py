"""The demo fleet: who owns which SIM, what it uses each day, and what went wrong. Pure numpy, no Django."""
