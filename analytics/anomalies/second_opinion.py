"""Isolation Forest as a second opinion over the SIMs that the scan has flagged.

Alone over a fleet it is of little use (precision 0.03); asked about the flagged few, against a sample of the others, it
says which of them stand out in several figures at once. Scores are scikit-learn's decision function (Liu, Ting, Zhou:
Isolation Forest, 2008), doubled.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.levels import Reading, read
from analytics.anomalies.shapes import Day, Findings, Opinion, State, Whole

SAMPLE: Final = 2_000
FEWEST: Final = 30
TREES: Final = 100
CONTAMINATION: Final = 0.01  # of the sample; it only sets where the score is 0
FAR: Final = 3.0  # robust deviations from the sample's median that are worth a word
WORDS: Final = (
    "bytes against its usual", "sessions against its usual", "the drift of its use", "days without use",
    "a change of device", "a new country", "its daily spread", "sessions for each megabyte",
)  # fmt: skip

Table = NDArray[np.float64]


def ask_forest(state: State, day: Day, findings: Findings, *, seed: int = 0) -> list[Opinion]:
    """An opinion of each finding, against a sample of the SIMs without one.

    `state` is that from before `day`: what the day is compared with. Fewer than thirty comparable SIMs give no
    opinion: an empty list.
    """
    from sklearn.ensemble import IsolationForest

    columns = Columns.of(state)
    reading = read(columns, day)
    others = np.setdiff1d(np.flatnonzero(reading.judged), findings.sim)
    if others.size < FEWEST or not len(findings):
        return []
    rng = np.random.default_rng(seed)
    sample = _features(columns, day, reading, rng.choice(others, min(SAMPLE, others.size), replace=False))
    asked = _features(columns, day, reading, findings.sim)
    forest = IsolationForest(n_estimators=TREES, contamination=CONTAMINATION, random_state=seed, n_jobs=1)
    score = np.clip(2 * forest.fit(sample).decision_function(asked), -1, 1)
    return [
        Opinion(bool(one < 0), float(one), reasons) for one, reasons in zip(score, _reasons(sample, asked), strict=True)
    ]


def _features(state: Columns, day: Day, reading: Reading, sims: Whole) -> Table:
    changed = [np.zeros(sims.size) if flags is None else flags[sims] for flags in (day.imei_changed, day.new_country)]
    sessions = np.nan_to_num(reading.sessions[sims])
    idle = np.where(reading.idle[sims], state["idle_days"][sims] + 1, 0)
    columns = (
        reading.deviation[sims], reading.sessions_deviation[sims], state["drift"][sims], np.log1p(idle), *changed,
        state["spread"][sims], np.log1p(sessions) - np.log1p(reading.value[sims] / 1e6),
    )  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float64)


def _reasons(sample: Table, asked: Table) -> list[tuple[str, ...]]:
    """The figures that stand furthest from the sample's middle, three at most."""
    middle = np.median(sample, axis=0)
    width = 1.4826 * np.median(np.abs(sample - middle), axis=0)
    away = np.abs(asked - middle) / np.where(width > 0, width, np.maximum(sample.std(axis=0), 0.1))
    order = np.argsort(-away, axis=1)[:, :3]
    return [tuple(WORDS[one] for one in row if distance[one] > FAR) for row, distance in zip(order, away, strict=True)]
