"""Findings against labels: what counts as found, and the figures that follow.

An alert is one anomaly from the day it opened to the last day on which it was seen. It is true when these days meet the
days of a labelled anomaly of the same SIM, or the two days after them; else it is false, confounders included. An
event is found when a true alert meets it; the days to detection are those from its first day to the first of the alert
that lies within it. Events that were over before the SIM had been known for fourteen days are undetectable, because the
detector is still learning: they are counted apart. SIM-days are the known days after those fourteen.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from analytics.anomalies.shapes import ENDED, KINDS, START_DAYS, Findings, Whole
from analytics.anomalies.suspension import choose_suspensions
from analytics.evaluation.labelled_days import Labelled
from sims.demo.events import Kind

GRACE: Final = 2  # days after an event
ANOMALIES: Final = tuple(kind for kind in Kind if kind.is_anomaly)

Key = tuple[int, int]  # SIM, ordinal of the day on which the alert opened


@dataclass
class Match:
    """Of each alert its last day and kind, and the places of the events it meets; of each event the days to it."""

    alerts: dict[Key, tuple[int, str]]
    met: dict[Key, list[int]]
    delay: dict[int, int]
    detectable: list[int]

    @property
    def true(self) -> int:
        return sum(bool(places) for places in self.met.values())


def match(labelled: Labelled, findings: Findings) -> Match:
    """Bring alerts and events of the same SIMs together."""
    events, first = labelled.events, labelled.days.first
    of_sim = defaultdict(list)
    for place, sim in enumerate(events["sim"].tolist()):
        of_sim[sim].append(place)
    alerts = _alerts(findings)
    found = Match(alerts, {}, {}, [place for place in range(events.size) if _detectable(labelled, place)])
    for (sim, opened), (last, _) in alerts.items():
        found.met[sim, opened] = []
        for place in of_sim[sim]:
            start, end = int(events["start"][place]) + first, int(events["end"][place]) + first
            if opened < end + GRACE and last >= start:
                found.met[sim, opened].append(place)
                days = max(opened - start, 0)
                found.delay[place] = min(found.delay.get(place, days), days)
    return found


def _alerts(findings: Findings) -> dict[Key, tuple[int, str]]:
    alerts: dict[Key, tuple[int, str]] = {}
    for place in np.flatnonzero(findings.phase != ENDED).tolist():
        key = int(findings.sim[place]), int(findings.first_day[place])
        alerts[key] = int(findings.day[place]), KINDS[findings.kind[place]]
    return alerts


def _detectable(labelled: Labelled, place: int) -> bool:
    event = labelled.events[place]
    begun = max(int(labelled.fleet.first_day[event["sim"]]), 0)
    return bool(event["end"] > max(int(event["start"]), begun + START_DAYS))


def judge(labelled: Labelled, findings: Findings) -> dict[str, Any]:
    """All figures of one scan, ready for JSON."""
    found = match(labelled, findings)
    sim_days = _sim_days(labelled)
    hit = [place for place in found.detectable if place in found.delay]
    chosen, right = _suspensions(labelled, findings, found)
    return {
        "alerts": len(found.alerts),
        "precision": _share(found.true, len(found.alerts)),
        "recall": _share(len(hit), len(found.detectable)),
        "alerts_per_10000_sim_days": round(len(found.alerts) / sim_days * 10_000, 3) if sim_days else None,
        "sim_days": sim_days,
        "events": len(found.detectable),
        "undetectable_events": int(labelled.events.size) - len(found.detectable),
        "median_days_to_detection": median(found.delay[place] for place in hit) if hit else None,
        "withheld": findings.withheld,
        "cohort_events": len({(one.cohort, one.way, one.day // 14) for one in findings.cohorts}),
        "suspensions": chosen,
        "suspension_precision": _share(right, chosen),
        "kinds": list(_by_kind(labelled, found)),
        "alert_kinds": list(_by_name(found)),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _sim_days(labelled: Labelled) -> int:
    days = labelled.days
    day = np.arange(days.bytes.shape[0])[:, None]
    learnt = day >= labelled.fleet.first_day.clip(0) + START_DAYS
    return int((learnt & (True if days.active is None else days.active)).sum())


def _suspensions(labelled: Labelled, findings: Findings, found: Match) -> tuple[int, int]:
    """How many SIMs the two-evidence rule would have suspended, and how many of them had a labelled anomaly."""
    sims: dict[Key, bool] = {}
    safe = labelled.days.safety_critical
    spared = np.zeros(labelled.fleet.size, np.bool_) if safe is None else safe
    customer: Whole = labelled.customer.astype(np.int64)
    for day in np.unique(findings.day[findings.two_evidences]).tolist():
        today = findings.only(findings.day == day)
        for place in choose_suspensions(today, customer=customer, safety_critical=spared).tolist():
            key = int(today.sim[place]), int(today.first_day[place])
            sims.setdefault(key, bool(found.met[key]))
    return len(sims), sum(sims.values())


def _by_kind(labelled: Labelled, found: Match) -> Iterator[dict[str, Any]]:
    kinds = labelled.events["kind"]
    for kind in ANOMALIES:
        places = [place for place in found.detectable if kinds[place] == kind]
        delays = [found.delay[place] for place in places if place in found.delay]
        yield {
            "kind": kind.name.lower(),
            "events": len(places),
            "recall": _share(len(delays), len(places)),
            "median_days_to_detection": median(delays) if delays else None,
        }


def _by_name(found: Match) -> Iterator[dict[str, Any]]:
    """How right the alerts of each name are."""
    for name in KINDS[1:]:
        keys = [key for key, (_, kind) in found.alerts.items() if kind == name]
        if keys:
            right = sum(bool(found.met[key]) for key in keys)
            yield {"kind": name, "alerts": len(keys), "precision": _share(right, len(keys))}
