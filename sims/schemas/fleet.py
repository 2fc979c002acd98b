"""What the fleet's services return. Sizes in bytes, money in cents, times in UTC."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer
from iotsim.core.wording import kept_apart
from sims.lifecycle import Action, Status, is_legal, refusal
from sims.models import Sim, StatusChange
from sims.schemas.pools import PoolOut


class SimRow(BaseModel):
    """A SIM in a list. `usage_bytes` is this billing cycle so far, as of `usage_as_of`."""

    id: int
    iccid: str
    label: str
    status: str
    status_reason: str
    plan: str | None
    customer: str | None
    device: str | None
    operator: str | None
    country: str
    usage_bytes: int
    quota_bytes: int | None
    usage_as_of: datetime | None
    last_seen_at: datetime | None
    safety_critical: bool
    tags: list[str] = []

    @property
    def name(self) -> str:
        return kept_apart(self.label) or f"...{self.iccid[-4:]}"

    @property
    def quota_percent(self) -> float | None:
        """Share of the quota used, in percent (may exceed 100); None without a quota."""
        return 100 * self.usage_bytes / self.quota_bytes if self.quota_bytes else None

    @classmethod
    def of(cls, sim: Sim, *, tags: list[str] | None = None) -> "SimRow":
        return cls.model_validate(_row_fields(sim, tags or []))


def _row_fields(sim: Sim, tags: list[str]) -> dict[str, object]:
    return {
        "id": sim.pk,
        "iccid": sim.iccid,
        "label": sim.label,
        "status": sim.status,
        "status_reason": sim.status_reason,
        "plan": sim.plan.name if sim.plan else None,
        "customer": sim.customer.name if sim.customer else None,
        "device": sim.device.name if sim.device else None,
        "operator": sim.operator.name if sim.operator else None,
        "country": sim.country,
        "usage_bytes": sim.cycle_bytes,
        "quota_bytes": sim.effective_quota_bytes,
        "usage_as_of": sim.cycle_as_of,
        "last_seen_at": sim.last_seen_at,
        "safety_critical": sim.safety_critical,
        "tags": tags,
    }


class SimPage(Answer):
    """A page of SIMs. `total` counts all that fit, up to 10,000 (`total_is_exact` says whether it stopped there)."""

    items: list[SimRow]
    total: int
    total_is_exact: bool = True
    next_cursor: str | None = None
    as_of: datetime | None = Field(default=None, description="The newest usage among the rows")


class ActionOut(BaseModel):
    """An action on a SIM and, when it cannot be taken now, why."""

    action: str
    allowed: bool
    why_not: str = ""

    @classmethod
    def all_for(cls, sim: Sim) -> list["ActionOut"]:
        status = Status(sim.status)
        return [
            cls(
                action=action.value,
                allowed=is_legal(status, action),
                why_not="" if is_legal(status, action) else refusal(sim.short_name, status, action),
            )
            for action in Action
        ]


class StatusChangeOut(BaseModel):
    from_status: str
    to_status: str
    reason: str
    note: str
    state: str = Field(description="requested, accepted, confirmed, failed or timed_out")
    who: str
    face: str
    requested_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, change: StatusChange) -> "StatusChangeOut":
        return cls(**{name: getattr(change, name) for name in cls.model_fields})


class PlanOut(BaseModel):
    name: str
    quota_bytes: int
    price_cents: int
    overage_cents_per_mb: float
    currency: str
    pooled: bool
    billing_day: int


class CycleCost(BaseModel):
    """What a SIM costs in its billing cycle so far, in one currency: its share of the plan, overage, records."""

    currency: str
    cents: int


class SimDetails(SimRow, Answer):
    """Everything about one SIM."""

    customer_id: int | None = None
    imsi: str
    msisdn: str
    eid: str
    imei: str
    own_quota_bytes: int | None = Field(description="None: the plan's quota applies")
    plan_details: PlanOut | None
    operator_plmn: str | None
    device_kind: str | None
    status_changed_at: datetime | None
    cycle_start_date: date | None
    cycle_end_date: date | None
    activated_at: datetime | None
    created_at: datetime
    changes: list[StatusChangeOut] = Field(description="The newest twenty status changes")
    pending: StatusChangeOut | None = Field(description="A change asked of the carrier and not yet confirmed")
    actions: list[ActionOut]
    threshold_percent: int = Field(description="Share of the quota at which there is an alert; its own or its plan's")
    limit_action: str = Field(description="What happens at the quota: none or suspend; its own or its plan's")
    pool: PoolOut | None = Field(default=None, description="The pool it shares its quota with")
    costs: list[CycleCost] = Field(default=[], description="Of the billing cycle so far; one for each currency")
    open_alerts: int = Field(default=0, description="Alerts of it that are not resolved")
    offers: list[Offer] = Field(default=[], description="Next steps held ready")


class UsageDay(BaseModel):
    day: date
    bytes_up: int
    bytes_down: int
    sessions: int

    @property
    def bytes_total(self) -> int:
        return self.bytes_up + self.bytes_down


class UsageHour(BaseModel):
    """An hour of UTC, said in the organisation's zone: the hour that a night in autumn has twice differs in its offset.

    `label` is its beginning, with the zone's short name where the same time of day comes twice.
    """

    hour: datetime
    label: str
    bytes_up: int
    bytes_down: int
    sessions: int

    @property
    def bytes_total(self) -> int:
        return self.bytes_up + self.bytes_down


class UsageMonth(BaseModel):
    """A calendar month, or the part of it that lies in the period. `month` is its first day."""

    month: date
    bytes_up: int
    bytes_down: int
    sessions: int

    @property
    def bytes_total(self) -> int:
        return self.bytes_up + self.bytes_down


class UsageHistory(Answer):
    """Usage of a SIM or the fleet, one entry for each day of the period, in the organisation's days.

    By hour or month if `resolution` says so, then with one entry for each of these besides.
    """

    iccid: str | None = None
    label: str = ""
    start_date: date
    end_date: date
    resolution: str = Field(default="day", description="hour, day or month")
    days: list[UsageDay]
    hours: list[UsageHour] = Field(default=[], description="Only by hour")
    months: list[UsageMonth] = Field(default=[], description="Only by month")
    total_bytes: int
    average_bytes: int = Field(description="Per day of the period")
    peak_day: date | None = None
    quota_bytes: int | None = None
    as_of: datetime | None = None


class FleetSummary(Answer):
    """The fleet in figures. `cycle` figures are of each SIM's own billing cycle."""

    sims: int
    by_status: dict[str, int]
    usage_bytes: int = Field(description="All SIMs, each in its current billing cycle so far")
    over_quota: int
    near_quota: int = Field(description="At 80 % of the quota or more, not over it")
    silent: int = Field(description="Active, and not seen for 7 days or ever")
    month_bytes: int = Field(description="This calendar month so far")
    last_month_bytes: int = Field(description="Last calendar month up to the same day")
    month_change: float | None = Field(description="Relative to last month up to the same day: 0.12 is 12 % more")
    recurring_cents: int = Field(description="Monthly price of the plans of all SIMs in use")
    currency: str
    timeline: list[UsageDay]
    top: list[SimRow] = Field(description="The five heaviest SIMs of their cycle")
    as_of: datetime | None


class SimChange(Answer):
    """A SIM before and after a change."""

    iccid: str
    label: str
    field: str
    before: str | int | None
    after: str | int | None
    state: str = Field(default="confirmed", description="How far the carrier is with it")
    batch: str = ""


class BulkChange(Answer):
    """A change of many SIMs: how many, and each that was left out with the reason."""

    action: str
    changed: int
    skipped: int
    refusals: list[str] = Field(description="The first hundred that were left out, each with the reason")
    batch: str


class TagChange(Answer):
    tag: str
    removed: bool
    iccids: list[str] = Field(description="The SIMs that really changed")
    unchanged: int
