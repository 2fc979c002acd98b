"""What people call the demo SIMs and devices, and the tags they put on them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sims.demo.archetypes import LABEL_WORDS
from sims.demo.draws import KINDS, STATUSES
from sims.demo.fleet import Fleet

TAGS: Final = {  # name -> share of all SIMs
    "priority": 0.06, "pilot": 0.04, "cold-chain": 0.05, "outdoor": 0.12, "rental": 0.05, "warranty": 0.08,
    "night-shift": 0.03, "to-be-replaced": 0.02, "indoor": 0.05, "border": 0.04,
}  # fmt: skip


def labels(fleet: Fleet) -> list[str]:
    """ "truck-017" for the 17th truck, and so on; every label once."""
    texts = [""] * fleet.size
    for number, kind in enumerate(KINDS):
        mine = np.flatnonzero(fleet.kind == number).tolist()
        width = max(3, len(str(len(mine))))
        for count, sim in enumerate(mine, start=1):
            texts[sim] = f"{LABEL_WORDS[kind]}-{count:0{width}d}"
    return texts


def device_name(kind: str, label: str) -> str:
    """ "Truck 17" for the truck labelled truck-017."""
    return f"{kind.capitalize()} {int(label.rpartition('-')[2])}"


def tags_of_each(fleet: Fleet) -> NDArray[np.int64]:
    """(SIM, index of the tag) for every tag on a SIM that is not in stock, ordered by SIM."""
    rng = np.random.default_rng([fleet.seed, 8])
    free = fleet.status != STATUSES.index("inventory")
    chosen = (rng.random((fleet.size, len(TAGS))) < np.array(list(TAGS.values()))) & free[:, None]
    return np.argwhere(chosen)
