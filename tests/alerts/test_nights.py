"""The night: beat fans out one job for each organisation, a worker does it, once a night, in each one's own zone."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from iotsim.core.actor import Actor
from iotsim.core.models import Job, Notification, Organization
from iotsim.core.tenancy import tenant
from sims.alerts.watch import check_usage
from sims.models import Alert, Intake, NightlyRun, UsageDaily
from sims.services.nightly import get_nightly_summary, list_nightly_summaries, run_nightly_check, start_nights
from tests.fleet import make_plan, make_sim

NAME = "nightly checks"


def zone_where_it_is(hour: int) -> str:
    """A zone in whose local time it is that hour now. Etc's signs run the other way."""
    shift = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-shift:+d}" if shift else "Etc/GMT"


@pytest.fixture
def old(make_organisation):
    """An organisation of last week in whose zone it is three in the morning, with a SIM over its quota."""
    one = make_organisation("Night", time_zone=zone_where_it_is(3))
    Organization.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(days=7))
    one.refresh_from_db()
    make_sim(one, plan=make_plan(one, quota_bytes=1_000_000), cycle_bytes=6_000_000)
    return one


def nights(organisation) -> list[NightlyRun]:
    with tenant(organisation.pk):
        return list(NightlyRun.objects.all())


def jobs(organisation) -> list[Job]:
    with tenant(organisation.pk):
        return list(Job.objects.filter(service="run_nightly_check"))


def beat():
    """A real scheduler of the real application, as `celery beat` makes it."""
    from iotsim.beat import KeepingScheduler
    from iotsim.celery import app

    return KeepingScheduler(app=app, lazy=False)


@pytest.fixture
def reaching_the_workers():
    """The tests beside these keep jobs from the workers; here they are meant to be done."""
    from iotsim.celery import app

    usual, app.conf.task_default_queue = app.conf.task_default_queue, "iotsim"
    yield
    app.conf.task_default_queue = usual


def test_beat_starts_the_night_and_a_worker_does_it(reaching_the_workers, celery_worker_process, old):
    scheduler = beat()
    row = PeriodicTask.objects.get(name=NAME)
    assert (row.task, row.kwargs, row.enabled) == ("sims.start_nights", '{"hour": 2}', True)
    PeriodicTask.objects.exclude(pk=row.pk).update(last_run_at=timezone.now())
    row.last_run_at = timezone.now() - timedelta(hours=1)
    row.save()
    scheduler = beat()
    scheduler.tick()
    deadline = time.monotonic() + 60
    while not any(one.state == "done" for one in jobs(old)):
        assert time.monotonic() < deadline, [(one.state, one.error) for one in jobs(old)]
        scheduler.tick()
        time.sleep(0.2)
    [job] = jobs(old)
    [night] = nights(old)
    assert (job.who, job.face, job.attempts) == ("iotsim", "system", 1)
    assert night.night == datetime.now(ZoneInfo(old.time_zone)).date() and night.job_id == job.pk
    assert night.summary["new_alerts"] == 2 and night.summary["over_quota"] == 1


def test_the_database_keeps_what_somebody_changed_in_the_admin(database):
    beat()
    row = PeriodicTask.objects.get(name=NAME)
    usual = row.interval
    try:
        row.interval, _ = IntervalSchedule.objects.get_or_create(every=7, period="minutes")
        row.kwargs, row.enabled = '{"hour": 4}', False
        row.save()
        beat()
        row.refresh_from_db()
        assert (row.interval.every, row.kwargs, row.enabled) == (7, '{"hour": 4}', False)
    finally:
        PeriodicTask.objects.filter(pk=row.pk).update(interval=usual, kwargs='{"hour": 2}', enabled=True)


def test_a_night_runs_once_though_beat_fires_twice(old):
    assert start_nights(2) >= 1
    start_nights(2)
    assert len(jobs(old)) == len(nights(old)) == 1


def test_it_waits_for_the_hour_in_the_organisations_own_zone(old, make_organisation):
    early = make_organisation("Early", time_zone=zone_where_it_is(1))
    young = make_organisation("Young", time_zone=zone_where_it_is(3))
    Organization.objects.filter(pk=early.pk).update(created_at=timezone.now() - timedelta(days=7))
    start_nights(2)
    assert (len(nights(early)), len(nights(young)), len(nights(old))) == (0, 0, 1)


def done(organisation):
    """The night's job, run in this process."""
    from iotsim.core.jobs import run_job

    job = run_nightly_check(Actor.system(organisation))
    assert run_job(organisation.pk, job.id) == "done"
    return job.id


def test_the_summary_compares_yesterday_with_a_usual_day_and_names_what_failed(organisation, actor):
    sim = make_sim(organisation)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    with tenant(organisation.pk):
        with connection.cursor() as cursor:
            cursor.execute("SELECT sims_usage_partitions(%s, %s)", [yesterday - timedelta(weeks=2), yesterday])
        for weeks, used in ((0, 300), (1, 100), (2, 300)):
            UsageDaily.objects.create(
                organization=organisation, sim=sim, day=yesterday - timedelta(weeks=weeks), bytes_up=used, bytes_down=0
            )
        Intake.objects.create(
            organization=organisation,
            kind="usage",
            state="refused",
            name="bad.csv",
            upload_id=1,
            job_id=1,
            reason="No.",
        )
    number = done(organisation)
    found = get_nightly_summary(actor)
    assert (found.usage_bytes, found.usual_bytes, found.usage_change) == (300, 200, 0.5)
    assert (found.failed_imports, found.new_alerts, found.job_id) == (1, 1, number)
    assert "50 % more than on a usual day" in found.sentence and "1 import failed" in found.sentence
    assert list_nightly_summaries(actor).items == [found]
    with tenant(organisation.pk):
        assert Notification.objects.filter(kind="nightly", user_id=actor.user_id).count() == 1


def test_the_night_repairs_what_the_intake_missed_and_raises_nothing_twice(organisation):
    make_sim(organisation, plan=make_plan(organisation, quota_bytes=1_000), cycle_bytes=900)
    done(organisation)
    done(organisation)
    with tenant(organisation.pk):
        assert check_usage(organisation.pk) == 0
        assert list(Alert.objects.values_list("kind", "count")) == [("threshold", 1)]


def test_a_person_limited_to_customers_is_told_why_there_is_no_summary(organisation, make_actor):
    from iotsim.core.errors import Denied

    done(organisation)
    with pytest.raises(Denied, match="limited to some customers"):
        get_nightly_summary(make_actor("manager", customer_ids=[1]))
