"""Why a SIM uses what it uses: its days against its own normal, its peers, its plan, and where and when it was used."""
