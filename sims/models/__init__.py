from sims.models.fleet import ChangeState, Customer, Device, Operator, Plan, Sim, SimTag, StatusChange, Tag
from sims.models.mappings import UsageMapping, UsageMonthly, WatchedFile
from sims.models.usage import (
    Intake,
    IntakeKind,
    IntakeState,
    Rat,
    RefusedRow,
    Traffic,
    UsageDaily,
    UsageKey,
    UsageRecord,
)

__all__ = [
    "ChangeState",
    "Customer",
    "Device",
    "Intake",
    "IntakeKind",
    "IntakeState",
    "Operator",
    "Plan",
    "Rat",
    "RefusedRow",
    "Sim",
    "SimTag",
    "StatusChange",
    "Tag",
    "Traffic",
    "UsageDaily",
    "UsageKey",
    "UsageMapping",
    "UsageMonthly",
    "UsageRecord",
    "WatchedFile",
]
