"""What is said of a finding, and the second opinion."""

from datetime import date

import numpy as np
import pytest

from analytics.anomalies.detector import scan, step
from analytics.anomalies.evidence import bytes_in_words, in_words, opinion_in_words
from analytics.anomalies.second_opinion import ask_forest
from analytics.anomalies.shapes import FIGURES, Opinion
from tests.analytics.detector.fleets import calm

TUESDAY = date(2026, 3, 10).toordinal()


def figures(**known):
    row = np.zeros(1, FIGURES)
    for name in ("sessions", "usual_sessions", "doubling_days", "imei_hours", "limit"):
        row[name] = np.nan
    row["imei_age"] = row["country_age"] = -1
    row["idle_odds"] = 1
    for name, value in known.items():
        row[name] = value
    return row[0]


USUAL = {"usual": 12e6, "low": 8e6, "high": 16e6}


def test_a_theft_is_told_with_its_figures():
    row = figures(value=4.1e9, **USUAL, imei_age=0, imei_hours=2)
    assert in_words("theft", TUESDAY, row, today=TUESDAY + 1) == (
        "4.1 GB yesterday; usual Tuesday 12 MB ± 4.0 MB; IMEI changed 2 h before"
    )


@pytest.mark.parametrize(
    ("kind", "known", "words"),
    [
        ("spike", {"value": 5e8, **USUAL}, "500 MB on Tuesday 10 March; usual Tuesday 12 MB ± 4.0 MB"),
        ("silent", {"idle_days": 3, "idle_odds": 1e-5, **USUAL},
         "no use for 3 days up to Tuesday 10 March; usual Tuesday 12 MB; such a pause comes by chance once in "
         "100,000 days"),
        ("leak", {"value": 3e7, "doubling_days": 20.4, "weeks": 6, **USUAL},
         "use has doubled every 20 days for 6 weeks; 30 MB on Tuesday 10 March; usual Tuesday 12 MB ± 4.0 MB"),
        ("retry_storm", {"value": 3e7, "sessions": 1234, "usual_sessions": 14.2, **USUAL},
         "1,234 sessions on Tuesday 10 March, usual 14; 30 MB, usual Tuesday 12 MB ± 4.0 MB"),
        ("roaming", {"value": 3e7, "abroad": True, "country_age": 1, **USUAL},
         "30 MB on Tuesday 10 March; usual Tuesday 12 MB ± 4.0 MB; in a new country for 1 day"),
        ("throttled", {"value": 9e4, "quota_reached": True, **USUAL},
         "90 kB on Tuesday 10 March; usual Tuesday 12 MB ± 4.0 MB; the quota was reached"),
        ("policy", {"value": 9e8, "limit": 5e8},
         "900 MB on Tuesday 10 March; what is usual is not known yet; above the limit of 500 MB a day"),
        ("policy", {"value": 9, "limit": 100, "sessions": 400},
         "9 bytes on Tuesday 10 March; what is usual is not known yet; above the limit of 100 sessions a day"),
    ],
)  # fmt: skip
def test_each_kind_has_its_words(kind, known, words):
    assert in_words(kind, TUESDAY, figures(**known)) == words


def test_bytes_are_told_with_two_figures():
    told = [bytes_in_words(count) for count in (0, 999, 1e3, 9.94e6, 9.96e6, 4.1e9, 1e15)]
    assert told == ["0 bytes", "999 bytes", "1.0 kB", "9.9 MB", "10 MB", "4.1 GB", "1,000 TB"]


def flagged():
    days = calm(count=400, noise=0.3)
    days.imei_changed[60, 0] = True
    days.bytes[60, 0] += 5e8
    days.bytes[60, 1] *= 6.5
    whole = list(days)
    before = scan(whole[:60], 400).state
    return before, whole[60], step(before.copy(), whole[60])


def test_the_forest_agrees_with_what_stands_out_in_several_figures():
    state, day, findings = flagged()
    opinions = ask_forest(state, day, findings)
    assert len(opinions) == len(findings)
    theft = opinions[findings.sim.tolist().index(0)]
    assert theft.agrees and -1 <= theft.score < 0
    assert {"bytes against its usual", "a change of device"} <= set(theft.reasons)
    assert opinion_in_words(theft).startswith("The second opinion agrees: ")


def test_the_forest_is_asked_of_nobody_when_there_is_nobody_to_compare_with():
    days = calm(count=20)
    days.bytes[60, 1] *= 50
    whole = list(days)
    before = scan(whole[:60], 20).state
    findings = step(before.copy(), whole[60])
    assert len(findings) == 1
    assert ask_forest(before, whole[60], findings) == []


def test_a_doubt_without_reasons_is_a_sentence_too():
    assert opinion_in_words(Opinion(False, 0.2, ())) == "The second opinion doubts it."
