"""Hand-made fleets: calm days of a few hundred SIMs, into which a test writes what happens to one of them."""

from dataclasses import replace
from datetime import date

import numpy as np

from analytics.anomalies import KINDS, Days, Findings, Settings, scan

MONDAY = date(2026, 1, 5).toordinal()
COUNT, DAYS = 200, 90


def calm(count: int = COUNT, days: int = DAYS, noise: float = 0.1, level: float = 1e6, seed: int = 1) -> Days:
    """`count` SIMs of one cohort with lognormal days and about ten sessions each."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, 0.3, count))
    used = level * size * np.exp(rng.normal(0, noise, (days, count)))
    return Days(
        first=MONDAY,
        bytes=used.astype(np.float32),
        sessions=rng.integers(7, 14, (days, count)).astype(np.float32),
        imei_changed=np.zeros((days, count), np.bool_),
        abroad=np.zeros((days, count), np.bool_),
        new_country=np.zeros((days, count), np.bool_),
        quota_reached=np.zeros((days, count), np.bool_),
        expected=np.zeros((days, count), np.bool_),
        active=np.ones((days, count), np.bool_),
        cohort=np.zeros(count, np.int64),
    )


def found(days: Days, settings: Settings | None = None) -> Findings:
    """All findings of a scan from nothing."""
    return scan(days, days.bytes.shape[1], settings).findings


def opened(days: Days, settings: Settings | None = None) -> list[tuple[int, str, int]]:
    """(SIM, the kind in the end, day from 0) of each anomaly."""
    findings = found(days, settings)
    last = {}
    for sim, first, kind in zip(findings.sim, findings.first_day, findings.kind, strict=True):
        last[int(sim), int(first)] = KINDS[kind]
    return [(sim, kind, first - days.first) for (sim, first), kind in last.items()]


def of_sim(days: Days, sim: int = 0) -> list[tuple[str, int]]:
    """(kind, day) of one SIM's anomalies."""
    return [(kind, day) for one, kind, day in opened(days) if one == sim]


def only(days: Days, **changes: object) -> Days:
    return replace(days, **changes)
