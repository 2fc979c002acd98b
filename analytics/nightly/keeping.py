"""From the findings of days to lasting anomalies: one row for each, by SIM and the day it began.

The days since `since` may have been looked at before, when less was known of them: what is not found again on them is
taken back, unless somebody has marked it.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from analytics.anomalies.shapes import ENDED, KINDS, SEVERITIES, CohortEvent, Findings, State
from analytics.findings import alerting
from analytics.models import Anomaly, AnomalyFeedback
from analytics.models.anomalies import SEVERITIES as WORST_FIRST
from analytics.nightly.figures import COHORT_KINDS, DAY, day_of, evidence_of, evidence_of_cohort, weight_of_cohort
from analytics.nightly.signals import Signals
from iotsim.core.effects import touch

LATEST_TELLS: Final = frozenset({"silent", "leak", "throttled"})  # the newest figures say most; else the worst ones
SAME_MOVE: Final = timedelta(days=10)  # a cohort's movements so close together are one
FIELDS: Final = (
    "kind", "severity", "rank", "score", "last_day", "ended_on", "days", "provisional", "sims", "evidence",
    "second_opinion", "status", "expected_until", "shadow_day", "customer_id",
)  # fmt: skip
Key = tuple[int | None, date, str]


@dataclass
class Keeper:
    """The anomalies of an organisation's SIMs while days are taken in. Inside the tenant's transaction."""

    organization_id: int
    sim_ids: NDArray[np.int64]
    signals: Signals
    since: date
    rows: dict[Key, Anomaly] = field(default_factory=dict)
    seen: set[Key] = field(default_factory=set)
    fresh: list[Anomaly] = field(default_factory=list)

    def open(self, settled: State) -> None:
        """Read what is there and go back to how it stood before `since`; `settled` is the detector's state of then."""
        mine = Anomaly.objects.filter(organization_id=self.organization_id, provisional=False)
        today = Anomaly.objects.filter(organization_id=self.organization_id, provisional=True, first_day__lte=self.last)
        lasting = mine.filter(Q(ended_on=None) | Q(ended_on__gte=self.since) | Q(last_day__gte=self.since - SAME_MOVE))
        for row in [*lasting.select_for_update(), *today.select_for_update()]:
            self.rows[row.sim_id, row.first_day, row.cohort] = row
            if row.sim_id is not None and row.first_day < self.since:
                self._rewind(row, settled)

    @property
    def last(self) -> date:
        """The last whole day; what is seen later is of a day that is not over."""
        return self.signals.history.last_day

    def open_for_today(self) -> None:
        """Read what is there of these SIMs, to be added to."""
        mine = Anomaly.objects.filter(organization_id=self.organization_id, sim_id__in=self.sim_ids.tolist())
        for row in mine.filter(Q(ended_on=None) | Q(provisional=True)).select_for_update():
            self.rows[row.sim_id, row.first_day, row.cohort] = row

    def _rewind(self, row: Anomaly, settled: State) -> None:
        place = int(np.searchsorted(self.sim_ids, row.sim_id or 0))
        if place >= self.sim_ids.size or self.sim_ids[place] != row.sim_id:
            row.ended_on = row.ended_on or row.last_day + DAY
            return
        one = settled[place]
        if one["kind"] and day_of(one["first_day"]) == row.first_day:
            row.days, row.ended_on, row.provisional = int(one["days"]), None, False
            before = max(self.since - DAY * (1 + int(one["quiet"])), row.first_day)
            row.last_day = min(row.last_day, before)

    def take(self, findings: Findings) -> None:
        """The findings of one day."""
        for n in range(len(findings)):
            self._take(findings, n)
        for event in findings.cohorts:
            self._take_cohort(event)

    def _take(self, findings: Findings, n: int) -> None:
        place, first = int(findings.sim[n]), day_of(findings.first_day[n])
        key = (int(self.sim_ids[place]), first, "")
        day, score, seen = day_of(findings.day[n]), float(findings.score[n]), int(findings.days[n])
        row = self.rows.get(key)
        if row is None:
            if findings.phase[n] == ENDED:
                return  # it was over before it was known
            row = self.rows[key] = self._new(key[0], first, place)
        self.seen.add(key)
        if findings.phase[n] == ENDED:
            row.ended_on = day
            return
        worse = score < row.score or not row.evidence
        kind = KINDS[int(findings.kind[n])]
        if worse or kind in LATEST_TELLS or kind != row.kind:
            row.evidence = evidence_of(kind, int(findings.day[n]), place, findings.figures[n], self.signals)
        row.kind, row.score, row.days = kind, min(score, row.score), seen
        row.last_day, row.ended_on, row.provisional = max(day, row.last_day), None, day > self.last
        self._weigh(row, SEVERITIES[int(findings.severity[n])])

    def row_of(self, findings: Findings, n: int) -> Anomaly | None:
        """The anomaly that a finding belongs to."""
        return self.rows.get((int(self.sim_ids[int(findings.sim[n])]), day_of(findings.first_day[n]), ""))

    def _new(self, sim_id: int, first: date, place: int) -> Anomaly:
        customer = int(self.signals.customer[place])
        return Anomaly(
            organization_id=self.organization_id,
            sim_id=sim_id,
            customer_id=customer if customer >= 0 else None,
            first_day=first,
            last_day=first,
            score=0.0,
            severity="low",
            rank=WORST_FIRST.index("low"),
        )

    @staticmethod
    def _weigh(row: Anomaly, severity: str) -> None:
        """As bad as it ever was."""
        row.rank = min(row.rank, WORST_FIRST.index(severity))
        row.severity = WORST_FIRST[row.rank]

    def _take_cohort(self, event: CohortEvent) -> None:
        name, day = self.signals.cohort_names[event.cohort], day_of(event.day)
        kind, (severity, score) = COHORT_KINDS[event.way], weight_of_cohort(event)
        near = [
            row
            for (sim_id, _, cohort), row in self.rows.items()
            if sim_id is None
            and cohort == name
            and row.kind == kind
            and row.first_day <= day <= row.last_day + SAME_MOVE
        ]
        if near:
            row = near[0]
        else:
            row = Anomaly(
                organization_id=self.organization_id, cohort=name, kind=kind, severity=severity, score=score,
                rank=WORST_FIRST.index(severity), first_day=day, last_day=day, sims=event.moved,
            )  # fmt: skip
            self.rows[None, day, name] = row
        self.seen.add((None, row.first_day, name))
        row.score = min(row.score, score)
        self._weigh(row, severity)
        row.last_day = max(row.last_day, day)
        row.days, row.sims = (row.last_day - row.first_day).days + 1, max(row.sims, event.moved)
        if event.moved >= row.evidence.get("moved", 0):
            row.evidence = evidence_of_cohort(event)
        row.ended_on = row.last_day + DAY

    # --- what is kept ---

    def close(self) -> list[Anomaly]:
        """Write the rows; answers those that are there now."""
        gone = [row for key, row in self.rows.items() if self._is_gone(key, row)]
        kept = [row for row in self.rows.values() if row not in gone]
        self._respect(kept)
        kept = [row for row in kept if row.pk or row.rank >= 0]
        self._write(kept, gone)
        return kept

    def _is_gone(self, key: Key, row: Anomaly) -> bool:
        """Found on days that tell something else by now, and nobody has said anything of it."""
        again = self.since <= row.first_day <= self.last
        return bool(row.pk) and again and key not in self.seen and row.status == "open"

    def _respect(self, rows: list[Anomaly]) -> None:
        """What people said of a SIM and kind: weaker than what was a false alarm is left out, expected is marked so."""
        said = {(one.sim_id, one.kind): one for one in AnomalyFeedback.objects.filter(sim_id__in=_sims(rows))}
        for row in rows:
            one = said.get((row.sim_id or 0, row.kind))
            if one is None or row.pk:
                continue
            if one.expected_until and row.first_day <= one.expected_until:
                row.status, row.expected_until = "expected", one.expected_until
            elif row.score >= one.bound and one.bound < 0:
                row.rank = -1

    def _write(self, kept: list[Anomaly], gone: list[Anomaly]) -> None:
        alerting.take_back(self.organization_id, gone)
        Anomaly.objects.filter(pk__in=[row.pk for row in gone]).delete()
        self.fresh = Anomaly.objects.bulk_create([row for row in kept if not row.pk], batch_size=500)
        fresh = {id(row) for row in self.fresh}
        Anomaly.objects.bulk_update([row for row in kept if id(row) not in fresh], FIELDS, batch_size=500)
        if kept or gone:
            touch("anomaly", [row.pk for row in (*kept, *gone) if row.pk])


def _sims(rows: list[Anomaly]) -> list[int]:
    return [row.sim_id for row in rows if row.sim_id is not None]
