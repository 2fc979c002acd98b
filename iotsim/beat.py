"""The scheduler of beat: its rows in the database win over the schedule in the settings.

django-celery-beat writes every entry of CELERY_BEAT_SCHEDULE over its row whenever beat starts, so that what somebody
changed in the admin (how often, the hour of the night, on or off) would be gone. Here an entry of the settings only
makes the row that is missing; of a row that is there nothing but the name of its task is kept up to date.
"""

from typing import Any

from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry


class KeptEntry(ModelEntry):
    """An entry of the settings that leaves its row as people have set it."""

    @classmethod
    def from_entry(cls, name: str, app: Any = None, **entry: Any) -> "KeptEntry":
        row = PeriodicTask.objects.filter(name=name).first()
        if row is None:
            made: KeptEntry = super().from_entry(name, app=app, **entry)
            return made
        if row.task != entry["task"]:
            row.task = entry["task"]
            row.save()
        return cls(row, app=app)


class KeepingScheduler(DatabaseScheduler):
    Entry = KeptEntry
