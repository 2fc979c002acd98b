"""The SIM lifecycle as a transition table (pure; no Django).

States and their meaning follow what carriers have in common (emnify, Soracom, 1NCE, Cisco Control Center):
a SIM lies in `inventory`, is `test_ready` until its first real traffic, then `active`, `inactive` or
`suspended`, and ends `retired`, which is final.
"""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    INVENTORY = "inventory"
    TEST_READY = "test_ready"
    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    RETIRED = "retired"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


# Nobody expects a SIM in one of these to use anything.
AT_REST: Final = (Status.INVENTORY, Status.RETIRED)


class Action(StrEnum):
    """What a person asks for; `retire` has a service of its own because it is final."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETIRE = "retire"

    @property
    def past(self) -> str:
        return {"suspend": "suspended", "resume": "resumed"}.get(self.value, f"{self.value}d")


class Reason(StrEnum):
    """Why a SIM is in its state: the first question of everybody who finds it stopped."""

    USER = "user"
    LIMIT = "limit"
    BALANCE = "balance"
    IMEI_LOCK = "imei_lock"
    CARRIER = "carrier"
    FRAUD = "fraud"
    AGENT = "agent"
    FIRST_TRAFFIC = "first_traffic"
    IMPORT = "import"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.INVENTORY: frozenset({Status.TEST_READY, Status.ACTIVE}),
    Status.TEST_READY: frozenset({Status.ACTIVE, Status.RETIRED}),
    Status.ACTIVE: frozenset({Status.INACTIVE, Status.SUSPENDED, Status.RETIRED}),
    Status.INACTIVE: frozenset({Status.ACTIVE, Status.SUSPENDED, Status.RETIRED}),
    Status.SUSPENDED: frozenset({Status.ACTIVE, Status.INACTIVE, Status.RETIRED}),
    Status.RETIRED: frozenset(),
}

# From which states an action starts, and where it leads.
ACTIONS: dict[Action, tuple[frozenset[Status], Status]] = {
    Action.ACTIVATE: (frozenset({Status.INVENTORY, Status.TEST_READY, Status.INACTIVE}), Status.ACTIVE),
    Action.DEACTIVATE: (frozenset({Status.ACTIVE, Status.SUSPENDED}), Status.INACTIVE),
    Action.SUSPEND: (frozenset({Status.ACTIVE, Status.INACTIVE}), Status.SUSPENDED),
    Action.RESUME: (frozenset({Status.SUSPENDED}), Status.ACTIVE),
    Action.RETIRE: (frozenset(set(Status) - {Status.INVENTORY, Status.RETIRED}), Status.RETIRED),
}


def target(action: Action) -> Status:
    """The state an action leads to."""
    return ACTIONS[action][1]


def is_legal(status: Status, action: Action) -> bool:
    """Whether the action may be asked for in that state."""
    return status in ACTIONS[action][0]


def legal_actions(status: Status) -> list[Action]:
    """The actions that a SIM in that state can take, in the order of the table."""
    return [action for action in Action if is_legal(status, action)]


def refusal(name: str, status: Status, action: Action) -> str:
    """Why not, with the legal ways out: "SIM ...3456 is retired, which is final."."""
    if status is Status.RETIRED:
        return f"SIM {name} is retired, which is final: it cannot be {action.past}."
    if status is target(action):
        return f"SIM {name} is {status.words} already."
    legal = ", ".join(action.value for action in legal_actions(status))
    return f"SIM {name} is {status.words} and cannot be {action.past}. What it can take now: {legal}."
