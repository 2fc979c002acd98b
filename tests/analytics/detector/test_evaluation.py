"""The command that judges the detector, on small fleets: its figures, its definition of a match, and its bars."""

import json
from datetime import date
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analytics.anomalies import Findings
from analytics.anomalies.shapes import FIGURES, GOES_ON, OPENED
from analytics.evaluation.anomaly_matching import judge, match
from analytics.evaluation.labelled_days import labelled_days
from sims.demo.events import Kind
from sims.demo.fleet import make_fleet
from sims.demo.recipe import Recipe

END = date(2026, 3, 31)


def run(**options):
    out = StringIO()
    call_command("evaluate_anomalies", stdout=out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def labelled():
    return labelled_days(make_fleet(3000, 120, END, 101))


def test_the_bars_are_met_on_a_held_out_fleet():
    row = json.loads(run(sims=6000, days=150, seed=103, json=True))
    assert row["precision"] >= 0.6 and row["recall"] >= 0.5
    assert row["alerts_per_10000_sim_days"] <= 3
    assert row["suspension_precision"] is None or row["suspension_precision"] >= 0.9
    assert {one["kind"] for one in row["kinds"]} == {kind.name.lower() for kind in Kind if kind.is_anomaly}


def test_the_bars_are_met_on_a_fleet_that_was_made_otherwise():
    row = json.loads(run(sims=6000, days=150, seed=104, json=True, noise=1.4, swaps=3.0, firmware=2.0))
    assert row["fleet"] == "noise 1.4, swaps 3, firmware 2"
    assert row["precision"] >= 0.6 and row["recall"] >= 0.5 and row["alerts_per_10000_sim_days"] <= 3


def test_people_read_sentences():
    text = run(sims=800, days=60)
    assert "alerts" in text and "median days to detection" in text and "while their SIM was being learnt" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [({"sims": 0}, "--sims"), ({"days": 14}, "--days"), ({"seed": -1}, "--seed"), ({"budget": 0.0}, "--budget")],
)
def test_numbers_that_cannot_be_are_refused(options, words):
    with pytest.raises(CommandError, match=words):
        run(**options)


def findings_of(rows):
    """(SIM, day from 0, opened on, phase) as findings."""
    sim, day, opened, phase = (np.array(column) for column in zip(*rows, strict=True))
    first = END.toordinal() - 119
    return Findings(
        sim=sim.astype(np.int64), day=(day + first).astype(np.int32), kind=np.ones(sim.size, np.uint8),
        phase=phase.astype(np.uint8), score=np.full(sim.size, -0.5, np.float32),
        severity=np.ones(sim.size, np.uint8), first_day=(opened + first).astype(np.int32),
        days=np.ones(sim.size, np.int16), figures=np.zeros(sim.size, FIGURES),
        two_evidences=np.zeros(sim.size, np.bool_),
    )  # fmt: skip


def test_an_alert_is_true_when_its_days_meet_an_event_or_the_two_days_after(labelled):
    event = next(one for one in labelled.events if one["start"] > 40 and one["end"] < 100)
    sim, start, end = int(event["sim"]), int(event["start"]), int(event["end"])
    for opened, last, right in (
        (start, start, True),
        (end + 1, end + 1, True),
        (end + 2, end + 2, False),
        (start - 1, start - 1, False),
        (start - 3, start, True),
    ):
        rows = [(sim, opened, opened, OPENED), (sim, last, opened, GOES_ON)]
        assert match(labelled, findings_of(rows)).true == right
    other = next(one for one in range(3000) if one not in labelled.events["sim"])
    assert match(labelled, findings_of([(other, start, start, OPENED)])).true == 0


def test_events_that_end_while_the_sim_is_learnt_are_counted_apart(labelled):
    figures = judge(labelled, Findings())
    assert figures["events"] + figures["undetectable_events"] == labelled.events.size
    assert figures["recall"] == 0 and figures["precision"] is None


def test_no_label_is_among_the_days(labelled):
    swapped = labelled.fleet.events[labelled.fleet.events["kind"] == Kind.IMEI_SWAP]
    assert labelled.days.imei_changed[swapped["start"], swapped["sim"]].all()
    assert labelled.days.new_country.sum(axis=0).max() <= 10
    assert not (labelled.days.new_country & ~labelled.days.abroad).any()


def test_a_recipe_that_changes_nothing_makes_the_same_fleet():
    one, two = (make_fleet(500, 40, END, 5, recipe=recipe) for recipe in (Recipe(), Recipe(noise=1.0)))
    assert (one.level == two.level).all() and (one.events == two.events).all()


def test_more_noise_and_other_shares_change_the_fleet():
    loud = make_fleet(2000, 40, END, 5, recipe=Recipe(noise=2, shares=(1, 0, 0, 0, 0, 0, 1), anomalies=5))
    assert set(np.unique(loud.archetype)) == {0, 6}
    calm = make_fleet(2000, 40, END, 5, recipe=Recipe(anomalies=0.1))
    assert (loud.events["kind"] < Kind.IMEI_SWAP).sum() > 5 * (calm.events["kind"] < Kind.IMEI_SWAP).sum()
