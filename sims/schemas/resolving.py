"""What comes of looking many values up."""

from pydantic import BaseModel

from iotsim.core.schemas import Answer


class ResolvedSim(BaseModel):
    """A SIM and the first value that named it."""

    value: str
    iccid: str
    label: str
    status: str


class SimsResolved(Answer):
    known: list[ResolvedSim]
    unknown: list[str]
    several: list[str]
