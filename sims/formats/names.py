"""What formats are called; importing it costs nothing (pure; no Django)."""

TITLES = {
    "own": "iotsim usage",
    "bics": "BICS SIM for Things",
    "cellhire": "Cellhire session CDR",
    "soracom": "Soracom air stats",
    "telnyx": "Telnyx WDR",
    "emnify": "emnify or 1NCE usage",
    "monogoto": "Monogoto monthly usage",
    "inventory": "SIM inventory",
}


def title_of(name: str) -> str:
    return TITLES.get(name, "")
