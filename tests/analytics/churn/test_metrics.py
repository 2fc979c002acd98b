"""Figures of probabilities, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from analytics.churn import metrics


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_auc_average_precision_and_brier_are_those_of_scikit_learn(rows):
    truth = np.array([one for one, _ in rows], float)
    score = np.array([value / 20 for _, value in rows])
    if 0 < truth.sum() < len(truth):
        assert metrics.roc_auc(truth, score) == pytest.approx(roc_auc_score(truth, score))
        assert metrics.average_precision(truth, score) == pytest.approx(average_precision_score(truth, score))
    assert metrics.brier(truth, score) == pytest.approx(brier_score_loss(truth, score, labels=[0, 1]))


def test_one_class_has_neither_auc_nor_lift_and_they_are_left_out():
    nobody = metrics.summary(np.zeros(4), np.full(4, 0.1))
    assert nobody == {"brier": 0.01, "calibration_error": 0.1}
    assert metrics.lift_chart(np.zeros(4), np.full(4, 0.1)) == []


def test_lift_says_how_many_times_more_there_are_at_the_top():
    truth = np.r_[np.ones(10), np.zeros(90)]
    assert metrics.lift_at(truth, np.arange(100)[::-1]) == 10
    chart = metrics.lift_chart(truth, np.arange(100)[::-1])
    assert [one.captured for one in chart] == [1.0] * 10
    assert chart[0].found == 10 and chart[-1].lift == 1


def test_promises_that_are_kept_have_no_calibration_error():
    truth = np.tile([1, 0, 0, 0], 100)
    assert metrics.calibration_error(truth, np.full(400, 0.25)) == pytest.approx(0, abs=1e-9)
    assert metrics.calibration_error(truth, np.full(400, 0.75)) == pytest.approx(0.5)
