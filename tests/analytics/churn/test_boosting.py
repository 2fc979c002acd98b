"""The learned model: it finds what makes customers leave, can be taken at its word, and says why."""

import numpy as np
import pytest

from analytics.churn import metrics
from analytics.churn.boosting import PARAMETERS, CannotLearn, ChurnModel, fit_churn, folds
from analytics.churn.calibration import Calibration, isotonic, learn, platt

SMALL = {**PARAMETERS, "rounds": 60, "learning_rate": 0.1}
NAMES = ("usage_change_30", "silent_share", "noise")


def customers(count=1500, seed=3):
    """Who uses less leaves: the chance is known, so calibration can be judged."""
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.normal(0, 0.3, count), rng.uniform(0, 1, count), rng.normal(0, 1, count)], axis=1)
    chance = 1 / (1 + np.exp(-(-1.5 - 5 * rows[:, 0] + 2 * (rows[:, 1] - 0.5))))
    return rows, (rng.uniform(size=count) < chance).astype(float), chance


@pytest.fixture(scope="module")
def model():
    rows, left, _ = customers()
    return fit_churn(rows, left, NAMES, parameters=SMALL)


def test_it_ranks_and_is_calibrated_on_customers_it_has_not_seen(model):
    rows, left, chance = customers(seed=8)
    found = model.predict(rows)
    assert metrics.roc_auc(left, found) > metrics.roc_auc(left, chance) - 0.03
    assert metrics.calibration_error(left, found) < 0.05


def test_reasons_add_up_to_the_score_and_point_the_right_way(model):
    rows, _, _ = customers(200, seed=9)
    parts = model.contributions(rows)
    assert np.allclose(parts.sum(axis=1), model.score(rows))
    falling, rising = rows[:, 0] < -0.3, rows[:, 0] > 0.3
    assert parts[falling, 0].mean() > 0 > parts[rising, 0].mean()
    assert np.abs(parts[:, 2]).mean() < np.abs(parts[:, 0]).mean() / 3


def test_the_reasons_are_the_shap_values_of_the_shap_package(model):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a third party's import
        import shap

        rows, _, _ = customers(20, seed=4)
        theirs = [shap.TreeExplainer(one).shap_values(rows) for one in model.boosters()]
    assert np.allclose(np.mean(theirs, axis=0), model.contributions(rows)[:, :-1], atol=1e-6)


def test_it_is_the_same_after_being_kept_as_text(model):
    rows, _, _ = customers(50, seed=5)
    again = ChurnModel.from_bytes(model.to_bytes())
    assert np.array_equal(again.predict(rows), model.predict(rows)) and again.features == NAMES


def test_the_same_rows_make_the_same_bytes():
    rows, left, _ = customers(300)
    assert (
        fit_churn(rows, left, NAMES, parameters=SMALL).to_bytes()
        == fit_churn(rows, left, NAMES, parameters=SMALL).to_bytes()
    )


def test_unknown_values_are_no_obstacle(model):
    assert np.isfinite(model.predict(np.full((3, 3), np.nan))).all()


def test_customers_of_several_days_stay_in_one_fold():
    groups = np.repeat(np.arange(40), 5)
    left = (groups < 12).astype(float)
    for held in folds(left, groups):
        assert not set(groups[held]) & set(groups[~held])


@pytest.mark.parametrize(
    ("rows", "left", "words"),
    [
        (np.zeros((0, 2)), np.zeros(0), "no customers"),
        (np.random.default_rng(1).normal(size=(40, 2)), np.zeros(40), "All 40 rows say no"),
        (np.random.default_rng(1).normal(size=(40, 2)), np.ones(40), "All 40 rows say yes"),
        (np.random.default_rng(1).normal(size=(40, 2)), np.r_[np.ones(3), np.zeros(37)], "seen 3 times only"),
        (np.ones((40, 2)), np.r_[np.ones(20), np.zeros(20)], "same for everybody"),
        (np.full((40, 2), np.nan), np.r_[np.ones(20), np.zeros(20)], "same for everybody"),
    ],
)
def test_rows_that_teach_nothing_are_refused_in_words(rows, left, words):
    with pytest.raises(CannotLearn, match=words):
        fit_churn(rows, left, ("a", "b"))


def test_many_rows_are_calibrated_by_steps_and_few_by_a_curve():
    rng = np.random.default_rng(2)
    score = rng.normal(size=6000)
    truth = (rng.uniform(size=6000) < 1 / (1 + np.exp(-2 * score))).astype(float)
    assert learn(score, truth).points and not learn(score[:500], truth[:500]).points
    for made in (isotonic(score, truth), platt(score, truth)):
        assert metrics.calibration_error(truth, made(score)) < 0.03
        assert (np.diff(made(np.linspace(-3, 3, 50))) >= 0).all()
        assert Calibration.of(made.as_dict())(score[:5]).tolist() == made(score[:5]).tolist()


def test_a_score_that_says_nothing_gives_everybody_the_mean():
    truth = np.tile([1.0, 0, 0, 0], 50)
    flat = platt(-np.tile([1.0, 0, 0, 0], 50), truth)
    assert np.allclose(flat(np.array([-5.0, 0, 5])), 0.25)
