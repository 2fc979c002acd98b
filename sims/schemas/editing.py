"""What editing a SIM returns."""

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class FieldChange(BaseModel):
    field: str = Field(description="label, customer or device")
    before: str = Field(description="Empty: none")
    after: str


class SimEdit(Answer):
    """What really changed on one SIM."""

    iccid: str
    label: str
    changes: list[FieldChange]
