"""Anomalies: what was found, what people said of it, and how the organisation wants it."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer
from sims.schemas.alerts import AlertBefore


class AnomalyOut(Answer):
    """One anomaly for as long as it lasts, of a SIM or of a cohort that moved together. Days are local ones."""

    id: int
    kind: str
    title: str = Field(description="The kind in words")
    severity: str = Field(description="low, medium, high or critical")
    score: float = Field(description="From 1 (usual) to -1 (worst); below 0 is an anomaly")
    status: str = Field(description="open, real, false or expected: what people said of it")
    iccid: str | None = None
    sim_name: str = ""
    customer: str | None = None
    cohort: str = Field(default="", description="The SIMs that moved together, when it is not one SIM's")
    sims: int = 1
    first_day: date
    last_day: date = Field(description="The last day on which it was seen")
    ended_on: date | None = Field(default=None, description="None while it lasts")
    days: int = Field(description="On how many days it was seen")
    provisional: bool = Field(description="Seen on a day that is not over yet")
    lasting: str = Field(description="Since when, or from when to when, in words")
    words: str = Field(description="The evidence in words and figures")
    evidence: dict[str, Any] = Field(description="The figures")
    second_opinion: float | None = Field(default=None, description="Of the Isolation Forest; below 0 it agrees")
    expected_until: date | None = None
    marked_by: str = ""
    marked_at: datetime | None = None
    note: str = ""
    alert_id: int | None = None
    quiet: str = Field(default="", description="Why there is no alert of it, in words")

    @property
    def subject(self) -> str:
        return self.sim_name or self.cohort


class AnomalyPage(Answer):
    """Anomalies, the worst first, the newest of each severity first. Counts are of all that fit but for severity."""

    items: list[AnomalyOut]
    total: int = Field(description="All that fit, severity included")
    critical: int
    high: int
    medium: int
    low: int
    without_alert: int = Field(description="Lasting ones that the alert budget left without an alert")
    as_of: date | None = Field(default=None, description="The last day that was looked at as a whole")
    next_cursor: str | None = None
    offers: list[Offer] = Field(default=[], description="Next steps held ready")

    @property
    def of_any_weight(self) -> int:
        return self.critical + self.high + self.medium + self.low


class AnomalyStep(BaseModel):
    at: datetime
    who: str
    what: str


class AnomalyFact(BaseModel):
    label: str
    value: str


class NextStep(BaseModel):
    """Something to do about it: a service with its arguments, for a person to press."""

    label: str
    why: str
    service: str
    icon: str = "arrow-right"
    arguments: dict[str, str]
    fields: str = Field(default="", description="What the dialog asks for")


class AnomalyExplained(AnomalyOut):
    """Why it was flagged, and what to do next."""

    meaning: str
    facts: list[AnomalyFact]
    opinion: str = Field(description="The second opinion in a sentence")
    next_steps: list[NextStep]
    offers: list[Offer] = Field(default=[], description="Next steps held ready")
    history: list[AnomalyStep] = Field(description="What people said of it, the newest last")
    others: int = Field(default=0, description="Further anomalies of the same SIM that last")
    shadow: str = Field(default="", description="What the two-evidence rule would have done")


class AnomalyBefore(BaseModel):
    """How an anomaly stood before it was marked, for Undo."""

    id: int
    version: int = Field(description="Its version after the change: it is only taken back while it still has it")
    status: str
    expected_until: date | None = None
    marked_by: str = ""
    marked_at: datetime | None = None
    note: str = ""
    bound: float = 0
    feedback_until: date | None = None
    alert: AlertBefore | None = None


class AnomalyChange(Answer):
    changed: int
    before: list[AnomalyBefore]


class AnomalySettingsOut(Answer):
    """How the organisation wants anomalies, and what that comes to."""

    alerts_per_10k: float = Field(description="The budget: alerts per 10,000 SIM-days")
    min_severity: str
    kinds_off: list[str]
    policy_day_bytes: int | None
    policy_day_sessions: int | None
    suspension: str = Field(description="off or shadow")
    daily_cap_percent: float
    sims: int = Field(default=0, description="SIMs that are watched")
    alerts_a_week: int = Field(default=0, description="What the budget comes to for them")
    used_this_week: int = 0


class AnomalySettingsChange(AnomalySettingsOut):
    before: dict[str, Any] = {}


class ShadowSuspension(BaseModel):
    day: date
    anomaly_id: int
    iccid: str
    sim_name: str
    customer: str | None
    words: str
    status: str


class ShadowPage(Answer):
    """What automatic suspension would have done, had it been on."""

    items: list[ShadowSuspension]
    suspension: str
    confirmed: int = Field(description="Of these, those that people marked as real")
    refuted: int = Field(description="Of these, those that people marked as false or expected")
    next_cursor: str | None = None
