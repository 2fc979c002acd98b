"""Which SIMs many values name: what files, photos and pages bring along."""

from typing import Annotated

from pydantic import Field

from iotsim.core.actor import Actor
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.resolving import sims_named
from sims.schemas.resolving import ResolvedSim, SimsResolved

MOST_VALUES = 50_000

Values = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(
        max_length=MOST_VALUES, description="ICCIDs, IMSIs, MSISDNs or labels; of a few also IMEIs, EIDs and endings"
    ),
]


@service(permission=Permission.VIEW, risk=Risk.READ, path="sims/named", examples=(), title="SIMs by many names")
def resolve_sims(actor: Actor, *, values: Values) -> SimsResolved:
    """Tell which SIMs these values name, each once and in their order, and which values name none or several."""
    found = sims_named(actor, values)
    known: dict[int, ResolvedSim] = {}
    for value, sims in found.items():
        if len(sims) == 1 and sims[0].pk not in known:
            one = sims[0]
            known[one.pk] = ResolvedSim(value=value, iccid=one.iccid, label=one.label, status=one.status)
    unknown = [value for value, sims in found.items() if not sims]
    several = [value for value, sims in found.items() if len(sims) > 1]
    return SimsResolved(
        sentence=_sentence(len(known), len(unknown), len(several)),
        known=list(known.values()),
        unknown=unknown,
        several=several,
    )


def _sentence(known: int, unknown: int, several: int) -> str:
    parts = [f"{counted(known, 'SIM')} known", f"{unknown:,} unknown" if unknown else ""]
    parts.append(f"{several:,} that fit several SIMs" if several else "")
    return f"{', '.join(part for part in parts if part)}."
