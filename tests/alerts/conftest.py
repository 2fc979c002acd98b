"""Imports run in the tests' own process, so that each test decides when: no worker hears of them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_worker_listens() -> Iterator[None]:
    """A worker that another test has started would be quicker; jobs go to a queue that nobody reads."""
    from iotsim.celery import app

    usual = app.conf.task_default_queue
    app.conf.task_default_queue = "nobody"
    yield
    app.conf.task_default_queue = usual
