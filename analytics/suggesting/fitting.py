"""What a page is about, by its address: what concerns that comes first."""

import re
from dataclasses import dataclass
from typing import Final

from iotsim.core.actor import Actor
from sims.models import Sim

_ABOUT: Final = re.compile(r"/(?P<place>sims|customers|imports|anomalies)/(?P<which>\w{1,40})/")
_KINDS: Final = {
    "savings": "savings", "anomalies": "anomaly", "imports": "intake", "forecasts": "quota", "sims": "quota",
    "approvals": "approval",
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """The object that a page shows, and the kind of suggestion that is at home there; None and empty without."""

    sim_id: int | None = None
    customer_id: int | None = None
    object_id: int | None = None
    kind: str = ""


def page_at(actor: Actor, address: str | None) -> Page:
    """What the page at that address is about, as far as the actor may see it."""
    path = (address or "").split("?", 1)[0]
    kind = _KINDS.get(path.strip("/").split("/", 1)[0], "")
    found = _ABOUT.match(path)
    if found is None:
        return Page(kind=kind)
    which = found["which"]
    if found["place"] == "sims":
        sim = Sim.objects.for_actor(actor).filter(iccid=which).values_list("pk", flat=True).first()
        return Page(sim_id=sim, kind=kind)
    number = int(which) if which.isdecimal() and len(which) < 19 else None
    return Page(customer_id=number) if found["place"] == "customers" else Page(object_id=number, kind=kind)
