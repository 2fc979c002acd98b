"""The Celery application: its settings are Django's, prefixed with CELERY_."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_process_init

from iotsim.begin import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsim.settings")

app = Celery("iotsim")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def end_with_the_worker(**kwargs: Any) -> None:
    """The processes of a worker that was killed must not go on without it."""
    end_with_parent(signal.SIGKILL)


@worker_init.connect
@beat_init.connect
def check_settings(**kwargs: Any) -> None:
    """A worker that would see all organisations, or none, must not begin."""
    from iotsim.checks import refuse_to_start

    refuse_to_start()
