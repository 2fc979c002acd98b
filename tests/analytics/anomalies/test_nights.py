"""The night: what it finds, what it remembers, and that many nights come to the same as one."""

from datetime import timedelta

import pytest

from tests.analytics.anomalies.fleet import LAST, Fleet, make_fleet


@pytest.fixture
def fleet(organisation) -> Fleet:
    return make_fleet(organisation)


def test_the_first_night_goes_through_all_days_that_are_known(fleet):
    for back in (20, 19, 18):
        fleet.put(fleet.sims[3], back, 300)
    fleet.put(fleet.sims[5], 0, 400)
    sentence = fleet.night()
    first, second = fleet.found()
    assert (first.sim_id, first.first_day, first.days) == (fleet.sims[3].pk, LAST - timedelta(days=20), 3)
    assert first.last_day == LAST - timedelta(days=18) and first.ended_on is not None
    assert (second.sim_id, second.first_day, second.ended_on) == (fleet.sims[5].pk, LAST, None)
    assert second.kind == "spike" and second.evidence["bytes"] == 400_000_000
    assert 1.5e6 < second.evidence["usual_bytes"] < 2.6e6
    assert "2 new anomalies" in sentence
