"""A fleet with a theft, a long silence and a spike, after one night."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from iotsim.core.models import Organization
    from tests.analytics.anomalies.fleet import Fleet


@pytest.fixture(autouse=True)
def no_worker_listens() -> Iterator[None]:
    """A worker that another test has started would be quicker; messages go to a queue that nobody reads."""
    from iotsim.celery import app

    usual = app.conf.task_default_queue
    app.conf.task_default_queue = "nobody"
    yield
    app.conf.task_default_queue = usual


@pytest.fixture
def fleet(organisation: "Organization") -> "Fleet":
    from tests.analytics.anomalies.fleet import make_fleet

    return make_fleet(organisation)


@pytest.fixture
def after_a_night(organisation: "Organization") -> "Fleet":
    from tests.analytics.anomalies.fleet import make_fleet

    fleet = make_fleet(organisation)
    for back in (3, 2, 1, 0):
        fleet.put(fleet.sims[1], back, 400, sessions=14)
    for back in range(20):
        fleet.put(fleet.sims[7], back, 0)
    fleet.put(fleet.sims[3], 12, 80)
    fleet.night()
    return fleet
