"""The anomalies an actor may see, by filters, a page at a time."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from analytics.findings import words
from analytics.models import Anomaly
from analytics.models.anomalies import SEVERITIES
from analytics.schemas.anomalies import AnomalyOut
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, NotFound
from sims.models import Sim
from sims.naming import find_customer, find_sim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

RECENT: Final = timedelta(days=30)


def visible(actor: Actor) -> "QuerySet[Anomaly]":
    """The anomalies of the SIMs that the actor may see; those of cohorts for whoever sees the whole fleet."""
    rows = Anomaly.objects.filter(organization_id=actor.organization_id)
    if actor.customer_ids is None:
        return rows
    return rows.filter(sim_id__in=Sim.objects.for_actor(actor).values("pk"))


def find_anomaly(actor: Actor, number: int, *, lock: bool = False) -> Anomaly:
    """Raises NotFound."""
    rows = visible(actor)
    found = (rows.select_for_update() if lock else rows).filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no anomaly {number}.", field="anomaly")
    return found


@dataclass(frozen=True)
class AnomalyFilter:
    """Which anomalies: every part that is given must hold.

    Without a status: all but those marked as false or expected. Without a day or a SIM: those that last, and those
    seen in the 30 days before `today`. `since`: begun on that day or later.
    """

    severity: str | None = None
    since: date | None = None
    sim: str | None = None
    kind: str | None = None
    status: str | None = None
    customer: str | None = None

    def rows(self, actor: Actor, today: date) -> "QuerySet[Anomaly]":
        """Those that fit, whatever their severity. Raises NotFound for a SIM or customer that does not exist."""
        self._must_be_days(today)
        rows = self._of_status(visible(actor))
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.sim:
            rows = rows.filter(sim_id=find_sim(actor, self.sim).pk)
        if self.customer:
            mine = Sim.objects.for_actor(actor).filter(customer=find_customer(actor, self.customer))
            rows = rows.filter(sim_id__in=mine.values("pk"))
        if self.since:
            rows = rows.filter(first_day__gte=self.since)
        if not (self.since or self.sim):
            rows = rows.filter(Q(ended_on=None) | Q(last_day__gte=today - RECENT))
        return rows

    def _must_be_days(self, today: date) -> None:
        if self.since and self.since > today:
            raise Invalid(f"{self.since:%-d %b %Y} is yet to come; give a day that has been.", field="since")

    def _of_status(self, rows: "QuerySet[Anomaly]") -> "QuerySet[Anomaly]":
        if self.status == "all":
            return rows
        if self.status == "lasting":
            return rows.filter(ended_on=None).exclude(status__in=("false", "expected"))
        return rows.filter(status=self.status) if self.status else rows.filter(status__in=("open", "real"))

    def in_words(self) -> str:
        parts = [
            self.severity or "",
            "" if self.status in (None, "all") else {"false": "false alarms"}.get(self.status, self.status),
            words.TITLES[self.kind].lower() if self.kind else "",
            f"of SIM {self.sim}" if self.sim else "",
            f"of {self.customer}" if self.customer else "",
        ]
        return ", ".join(part for part in parts if part)


def page_of(
    rows: "QuerySet[Anomaly]", severity: str | None, cursor: str | None, limit: int
) -> tuple[list[Anomaly], str | None]:
    """The worst first, the newest of each severity first, as one index has them."""
    if severity:
        rows = rows.filter(rank=SEVERITIES.index(severity))
    if cursor:
        rank, day, number = _read(cursor)
        later = Q(last_day__lt=day) | Q(last_day=day, pk__lt=number)
        rows = rows.filter(rank__gte=rank).filter(Q(rank__gt=rank) | later)
    found = list(rows.order_by("rank", "-last_day", "-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    end = found[limit - 1]
    return found[:limit], f"{end.rank}:{end.last_day}:{end.pk}"


def _read(cursor: str) -> tuple[int, date, int]:
    rank, _, rest = cursor.partition(":")
    day, _, number = rest.partition(":")
    try:
        read = int(rank), date.fromisoformat(day), int(number)
    except ValueError:
        read = (-1, date.min, 0)
    if not (0 <= read[0] < len(SEVERITIES) and 0 < read[2] < 1 << 63):
        raise Invalid("The cursor is not one of this list; start without it.", field="cursor")
    return read


def outs(rows: "Sequence[Anomaly]", today: date) -> list[AnomalyOut]:
    """As services show them, with the names of their SIMs looked up at once."""
    known = Sim.objects.filter(pk__in={one.sim_id for one in rows if one.sim_id}).select_related("customer")
    sims = {one.pk: one for one in known}
    return [AnomalyOut.model_validate(fields_of(one, sims.get(one.sim_id or 0), today)) for one in rows]


SAME: Final = (
    "id", "kind", "severity", "score", "status", "cohort", "sims", "first_day", "last_day", "ended_on", "days",
    "provisional", "evidence", "second_opinion", "expected_until", "marked_by", "marked_at", "note", "alert_id",
)  # fmt: skip


def fields_of(row: Anomaly, sim: Sim | None, today: date) -> dict[str, Any]:
    told = words.evidence_in_words(row.kind, row.evidence, today=today)
    return {
        **{name: getattr(row, name) for name in SAME},
        "title": words.TITLES[row.kind],
        "sentence": sentence_of(row, sim, today),
        "iccid": sim.iccid if sim else None,
        "sim_name": sim.short_name if sim else "",
        "customer": sim.customer.name if sim and sim.customer else None,
        "lasting": words.lasting(row.first_day, row.last_day, row.ended_on, today=today),
        "words": told,
        "quiet": words.QUIET.get(row.quiet, ""),
    }


def sentence_of(row: Anomaly, sim: Sim | None, today: date | None = None) -> str:
    """The anomaly in a sentence: "SIM truck-17: theft, 4.12 GB yesterday; ..."; without `today`, dates stay dates."""
    subject = f"SIM {sim.short_name}" if sim else row.cohort or "A SIM that is gone"
    told = words.evidence_in_words(row.kind, row.evidence, today=today)
    return f"{subject}: {words.TITLES[row.kind].lower()}{f', {told}' if told else ''}."
