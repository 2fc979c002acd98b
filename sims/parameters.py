"""Parameter types of the SIM domain, each with its parser and its slot (see iotsim/core/slots.py). Pure."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from iotsim.core.names import unquote
from iotsim.core.slots import Slot, Source
from sims.mentions import find_sims
from sims.proper_names import (
    find_customer,
    find_new_tag,
    find_operator,
    find_plan,
    find_removal,
    find_search,
    find_tag,
)
from sims.reports.words import find_format, find_per, parse_format
from sims.speech import find_actions, find_attention, find_order, find_resolution, find_states, parse_state

State = Literal["inventory", "test_ready", "active", "inactive", "suspended", "retired"]
Action = Literal["activate", "deactivate", "suspend", "resume"]
Attention = Literal["over_quota", "near_quota", "silent"]
Resolution = Literal["hour", "day", "month"]
Order = Literal["usage", "-usage", "iccid", "label", "last_seen", "-last_seen", "status"]


def as_list(value: Any) -> Any:
    """One value, or comma-separated text, as a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, int) else value


def _state(value: Any) -> Any:
    return (parse_state(value) or value) if isinstance(value, str) else value


def _iccid_text(value: Any) -> Any:
    """Numbers become text, and surrounding quotes go; telling ICCID, ending and label apart is the lookup's work."""
    return unquote(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else value


SIM_SLOT: Final = Slot(
    "sim", find_sims, mask="SIM 1234", noun="the SIM (ICCID, its last digits, IMSI, phone number or label)",
    source=Source("find_sims", "iccid"),
)  # fmt: skip

SimRef = Annotated[
    str,
    BeforeValidator(_iccid_text),
    Field(
        min_length=1,
        max_length=100,
        examples=["8944500102030405067"],
        description="A SIM: ICCID, a unique ending of 4+ digits, IMSI, MSISDN or label",
    ),
    SIM_SLOT,
]
SimRefs = Annotated[
    list[SimRef],
    BeforeValidator(as_list),
    Field(min_length=1, description="SIMs: each an ICCID, a unique ending of 4+ digits, IMSI, MSISDN or label"),
    SIM_SLOT,
]
SimStatus = Annotated[State, BeforeValidator(_state), Slot("status", find_states, noun="a status")]
SimStatuses = Annotated[
    list[SimStatus],
    BeforeValidator(as_list),
    Field(description="One or more of inventory, test_ready, active, inactive, suspended, retired"),
    Slot("status", find_states, noun="a status"),
]
SimAction = Annotated[
    Action,
    Field(description="activate, deactivate, suspend or resume"),
    Slot("action", find_actions, noun="what to do (activate, deactivate, suspend or resume)", shares=True),
]
SimSort = Annotated[
    Order,
    Field(description="Order: usage, iccid, label, last_seen or status; a minus sign turns it round"),
    Slot("sort", find_order, noun="the order", shares=True),
]

SimAttention = Annotated[
    Attention,
    Field(description="over_quota, near_quota (80 % of it or more), or silent (active, not seen for 7 days)"),
    Slot("attention", find_attention, noun="what needs attention", shares=True),
]

UsageResolution = Annotated[
    Resolution,
    Field(description="How fine: hour, day or month; without it, by the length of the period"),
    Slot("resolution", find_resolution, noun="how fine", free=True, shares=True),
]

# --- operators ---

OperatorName = Annotated[
    str,
    Field(max_length=100, examples=["Vodafone"], description="A mobile operator, by its brand name"),
    Slot("operator", find_operator, mask="Vodafone", noun="the operator"),
]

# --- plans, tags, customers ---


PLAN_SLOT: Final = Slot("plan", find_plan, mask="Basic", noun="the plan")
PlanName = Annotated[
    str,
    Field(max_length=100, examples=["Basic"], description="A plan, by name"),
    PLAN_SLOT,
]
TagName = Annotated[
    str,
    Field(max_length=50, examples=["blue"], description="A tag that the SIMs have"),
    Slot("tag", find_tag, mask="blue", noun="the tag"),
]
NewTag = Annotated[
    str,
    Field(min_length=1, max_length=50, examples=["blue"], description="The tag to put on, or to take off"),
    Slot("new_tag", find_new_tag, mask="blue", noun="the tag"),
]
CUSTOMER_SLOT: Final = Slot(
    "customer", find_customer, mask="Acme", noun="the customer", source=Source("get_cost_breakdown", "name")
)
CustomerName = Annotated[
    str,
    Field(max_length=100, examples=["Acme"], description="A customer, by name, or by number as #17"),
    CUSTOMER_SLOT,
]

# --- taking a tag off, and free search ---

TagRemoval = Annotated[
    bool, Field(description="Take the tag off instead"), Slot("removal", find_removal, free=True, shares=True)
]

SearchText = Annotated[
    str,
    Field(max_length=100, examples=["pump"], description="Text in the label, ICCID, IMSI or MSISDN"),
    Slot("search", find_search, mask="pump", noun="what to search for"),
]

# --- reports ---

ReportFormat = Annotated[
    Literal["csv", "xlsx", "json", "pdf"],
    BeforeValidator(parse_format),
    Field(description="csv (for programs), xlsx (Excel), json, or pdf (for people)"),
    Slot("report_format", find_format, noun="the format", free=True, shares=True),
]
ReportPer = Annotated[
    Literal["sim", "day"],
    Field(description="What a row stands for: a SIM with its sums, or a SIM's day (days without usage left out)"),
    Slot("report_per", find_per, noun="what a row is", free=True, shares=True),
]
