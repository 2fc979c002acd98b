"""Wiring and platform. The Celery app is made here, so that tasks sent from any process go to our broker."""

from iotsim.celery import app as celery_app

__all__ = ["celery_app"]
