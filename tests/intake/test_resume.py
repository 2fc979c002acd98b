"""A worker that is killed in mid-file, and its successor: no row is lost and none counts twice."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from iotsim.core.jobs import LeaseLost, run_job
from iotsim.core.models import Job
from iotsim.core.services import get_job, stop_job
from iotsim.core.tenancy import tenant
from sims.models import Intake, Sim
from sims.services.intake import list_intakes
from tests.conftest import REPOSITORY
from tests.intake.samples import (
    ask_for,
    bics,
    bics_row,
    bring_in,
    cellhire,
    cellhire_row,
    iccid,
    noon,
    own,
    own_row,
)
from tests.intake.state import meaning, rows

SIMS = 40
WORKER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "iotsim.settings"
django.setup()
import sims.intake.usage
from iotsim.core.jobs import run_job
sims.intake.usage.BLOCK_BYTES = int(sys.argv[3])
print("state:", run_job(int(sys.argv[1]), int(sys.argv[2])))
"""


def fleet(organisation):
    with tenant(organisation.pk):
        Sim.objects.bulk_create(
            Sim(organization=organisation, iccid=iccid(n), status="test_ready") for n in range(SIMS)
        )


def bics_file(rows_wanted: int) -> str:
    """Unordered, with duplicates and corrections of rows in other blocks, and rows that are refused."""
    draw = random.Random(7)
    made = []
    for n in range(rows_wanted):
        at = noon(20) + timedelta(seconds=draw.randrange(19 * 86_400))
        values = {"timestamp": f"{at:%Y-%m-%d %H:%M:%S}", "iccid": iccid(draw.randrange(SIMS + 3)), "endpointId": n}
        made.append(bics_row(up=draw.randrange(10**6), down=draw.randrange(10**7), **values))
    made += draw.sample(made, rows_wanted // 20)
    made += [bics_row(**{**one, "volumeTotal": "7", "volumeUplink": "3", "volumeDownlink": "4"}) for one in made[::23]]
    made += [bics_row(iccid="8.98E+18")] * 5
    draw.shuffle(made)
    return bics(*made)


def cellhire_file(rows_wanted: int) -> str:
    """Long sessions whose interims are spread over the whole file, out of order."""
    draw = random.Random(9)
    made = []
    for n in range(rows_wanted):
        session = draw.randrange(60)
        hours = draw.randrange(1, 20 * 24)
        values = {"SessionId": session, "SIMSerial": iccid(session % SIMS)}
        made.append(
            cellhire_row(n, noon(21) + timedelta(hours=hours), hours * 1000, hours * 77, start=noon(21), **values)
        )
    return cellhire(*made)


FILES = {"bics": bics_file, "cellhire": cellhire_file}


def expire_lease(organisation, job_id):
    """As half a minute without a sign of the worker would."""
    with tenant(organisation.pk):
        Job.objects.filter(pk=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))


def done(organisation, job_id):
    with tenant(organisation.pk):
        return Job.objects.values_list("done", flat=True).get(pk=job_id)


def kill_after(worker, organisation, job_id, rows_done):
    """Kill -9 as soon as that many rows are behind it; false when it was quicker."""
    while done(organisation, job_id) < rows_done:
        if worker.poll() is not None:
            return False
        time.sleep(0.001)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    return True


@pytest.mark.parametrize(("name", "kills"), [("bics", [1, 3000]), ("cellhire", [2000])])
def test_a_killed_worker_loses_and_doubles_nothing(
    make_organisation, make_actor, environment, monkeypatch, name, kills
):
    content = FILES[name](6000)
    undisturbed, organisation = make_organisation("Undisturbed"), make_organisation("Killed")
    fleet(undisturbed)
    fleet(organisation)
    whole = bring_in(make_actor(organisation=undisturbed), content)
    job_id = ask_for(make_actor(organisation=organisation), content)
    command = [sys.executable, "-c", WORKER, str(organisation.pk), str(job_id), "40000"]
    for rows_done in kills:
        expire_lease(organisation, job_id)
        worker = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
        assert kill_after(worker, organisation, job_id, rows_done)
        assert 0 < done(organisation, job_id) < content.count("\n") - 1
    expire_lease(organisation, job_id)
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 40_000)
    assert run_job(organisation.pk, job_id) == "done"
    assert meaning(organisation) == meaning(undisturbed)
    with tenant(organisation.pk):
        result = Job.objects.values_list("result", flat=True).get(pk=job_id)
    counted = ("rows", "new", "duplicates", "corrections", "refused", "unknown_rows", "unknown_sims")
    assert {name: result[name] for name in counted} == {name: whole.result[name] for name in counted}
    assert len(rows(organisation, "SELECT 1 FROM sims_refusedrow")) == result["refused"]


def test_a_worker_that_lost_its_lease_leaves_no_trace(organisation, make_actor, monkeypatch):
    """It comes back to life after another has taken over: its block is rolled back with its checkpoint."""
    fleet(organisation)
    actor = make_actor()
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 3000)
    job_id = ask_for(actor, bics_file(200))
    from iotsim.core import jobs
    from iotsim.core.registry import get
    from sims.intake.usage import UsageImport

    with tenant(organisation.pk):
        stale = jobs.RunningJob(Job.objects.get(pk=job_id))
    assert run_job(organisation.pk, job_id) == "done"
    before = meaning(organisation)
    assert get("import_usage").job
    with tenant(organisation.pk):
        upload_id = Job.objects.get(pk=job_id).arguments["upload_id"]
    with pytest.raises(LeaseLost):
        UsageImport(stale, upload_id).run()
    assert meaning(organisation) == before


def test_a_stopped_import_keeps_what_it_has_and_shows_it(organisation, actor, monkeypatch):
    fleet(organisation)
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 3000)
    job_id = ask_for(
        actor, own(*[own_row(iccid=iccid(n % SIMS), started_at=noon(3) + timedelta(seconds=n)) for n in range(200)])
    )
    from sims.intake import usage

    write = usage.write_chunk

    def stop_after_first(*args):
        monkeypatch.setattr(usage, "write_chunk", write)
        return write(*args)

    monkeypatch.setattr(usage, "write_chunk", stop_after_first)
    with tenant(organisation.pk):
        Job.objects.filter(pk=job_id).update(stop_asked=True)
    assert run_job(organisation.pk, job_id) == "stopped"
    [intake] = list_intakes(actor).items
    assert intake.state == "stopped" and 0 < intake.new < 200 and "stopped before its end" in intake.sentence
    [(seen,)] = rows(organisation, "SELECT count(*) FROM sims_sim WHERE last_seen_at IS NOT NULL")
    assert seen > 0
    assert get_job(actor, job=job_id).state == "stopped"
    with pytest.raises(Exception, match="over already"):
        stop_job(actor, job=job_id)


def test_a_stopped_file_can_be_brought_in_again(organisation, actor, monkeypatch):
    fleet(organisation)
    monkeypatch.setattr("sims.intake.usage.BLOCK_BYTES", 3000)
    content = own(*[own_row(iccid=iccid(n % SIMS), started_at=noon(3) + timedelta(seconds=n)) for n in range(200)])
    job_id = ask_for(actor, content)
    with tenant(organisation.pk):
        Job.objects.filter(pk=job_id).update(stop_asked=True)
    run_job(organisation.pk, job_id)
    job = bring_in(actor, content)
    assert job.result["new"] + job.result["duplicates"] == 200 and job.result["duplicates"] > 0


def test_the_next_import_brings_the_sims_of_a_broken_one_up_to_date(organisation, actor, monkeypatch):
    fleet(organisation)

    def break_down(*args, **kwargs):
        raise io.UnsupportedOperation("the disk is gone")

    job_id = ask_for(actor, own(own_row(iccid=iccid(1))))
    with monkeypatch.context() as broken_disk:
        broken_disk.setattr("sims.intake.usage.UsageImport._refresh", break_down)
        with pytest.raises(io.UnsupportedOperation):
            run_job(organisation.pk, job_id)
    [broken] = list_intakes(actor).items
    assert broken.state == "failed" and get_job(actor, job=job_id).state == "failed"
    assert rows(organisation, "SELECT count(*) FROM sims_sim WHERE last_seen_at IS NOT NULL") == [(0,)]
    bring_in(actor, own(own_row(iccid=iccid(2))))
    assert rows(organisation, "SELECT count(*) FROM sims_sim WHERE last_seen_at IS NOT NULL") == [(2,)]
    with tenant(organisation.pk):
        assert Intake.objects.get(pk=broken.id).state == "failed"


def test_two_imports_at_once_take_turns(organisation, actor, environment):
    fleet(organisation)
    contents = [bics_file(3000), bics_file(3000)]
    jobs = [ask_for(actor, content) for content in contents]
    command = [sys.executable, "-c", WORKER, str(organisation.pk)]
    workers = [subprocess.Popen([*command, str(job_id), "100000"], cwd=REPOSITORY, env=environment) for job_id in jobs]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0]
    results = [get_job(actor, job=job_id).result for job_id in jobs]
    assert all(results)
    [(records,)] = rows(organisation, "SELECT count(*) FROM sims_usagerecord")
    assert records == 3000
    assert sum(result["new"] for result in results) == 3000


def test_a_worker_brings_a_file_in(organisation, actor, celery_worker_process):
    from iotsim.celery import app

    app.conf.task_default_queue = "iotsim"
    fleet(organisation)
    job_id = ask_for(actor, own(own_row(iccid=iccid(1))))
    deadline = time.monotonic() + 30
    while not (job := get_job(actor, job=job_id)).is_over and time.monotonic() < deadline:
        time.sleep(0.05)
    assert job.state == "done" and job.result and job.result["new"] == 1
