"""A report is there whole or not at all, seen while it is made, and gone when its time is over."""

import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from iotsim.core import jobs, registry
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.jobs import run_job
from iotsim.core.models import Job
from iotsim.core.services import get_job, list_audit_events, undo_call
from iotsim.core.tenancy import tenant
from sims.models import Report
from sims.reports import source
from sims.reports.keeping import forget_reports, keep
from sims.services.reports import (
    delete_report,
    generate_report,
    get_report,
    get_report_file,
    list_reports,
    restore_report,
    share_report,
)
from tests.fleet import make_customer, make_sim
from tests.reports.making import rows_of_csv, use


def files() -> list[str]:
    """Everything in the storage, whatever folder it is in."""
    found, folders = [], [""]
    while folders:
        folder = folders.pop()
        below, here = default_storage.listdir(folder or ".")
        found += [f"{folder}{name}" for name in here]
        folders += [f"{folder}{name}/" for name in below]
    return found


@pytest.fixture
def fleet(organisation, today):
    sims = [make_sim(organisation, label=f"pump-{n}") for n in range(12)]
    for number, sim in enumerate(sims):
        use(organisation, sim, today, down=1000 * (number + 1))
    return sims


def test_it_waits_in_the_list_until_a_worker_takes_it(actor, fleet):
    job = generate_report(actor, format="csv", title="Pumps")
    assert job.sentence.startswith("Pumps, ") and job.sentence.endswith(f"is on its way (job {job.id}).")
    [waiting] = list_reports(actor).items
    assert waiting.state == "queued" and not waiting.path and waiting.title == "Pumps"
    with pytest.raises(Conflict, match="waits to start"):
        get_report_file(actor, report=waiting.id)
    run_job(actor.organization_id, job.id)
    [done] = list_reports(actor).items
    assert done.state == "done" and done.path == f"/reports/{done.id}/file/"
    assert get_job(actor, job=job.id).path == done.path
    assert done.sims == done.rows == 12 and done.bytes_total == 78_000 and "78" in done.sentence


def test_progress_is_seen_from_outside_while_rows_are_written(actor, fleet, monkeypatch):
    monkeypatch.setattr(source, "BATCH", 5)
    monkeypatch.setattr("sims.reports.making.TELL_SECONDS", 0)
    seen, tell = [], jobs.RunningJob.progress

    def spy(self, **given):
        tell(self, **given)
        seen.append((given["done"], given["total"], Job.objects.filter(pk=self.id).count()))

    monkeypatch.setattr(jobs.RunningJob, "progress", spy)
    run_job(actor.organization_id, generate_report(actor, format="csv").id)
    assert [(done, total) for done, total, _ in seen] == [(0, 12), (5, 12), (10, 12), (12, 12)]


def test_asked_to_stop_it_leaves_nothing_behind(actor, fleet, monkeypatch):
    monkeypatch.setattr(source, "BATCH", 5)
    monkeypatch.setattr("sims.reports.making.TELL_SECONDS", 0)
    for format in ("csv", "xlsx", "json", "pdf"):
        job = generate_report(actor, format=format)
        with tenant(actor.organization_id):
            Job.objects.filter(pk=job.id).update(stop_asked=True)
        assert run_job(actor.organization_id, job.id) == "stopped"
    assert files() == []
    assert {one.state for one in list_reports(actor).items} == {"stopped"}


def test_a_worker_that_died_is_followed_by_one_that_makes_it_whole(actor, organisation, fleet):
    job = generate_report(actor, format="csv")
    with tenant(organisation.pk):
        report = Report.objects.get(job_id=job.id)
    keep(report, io.BytesIO(b"half a"))  # stored, and not noted before the worker died
    assert run_job(organisation.pk, job.id) == "done"
    assert len(files()) == 1
    with default_storage.open(files()[0]) as file:
        assert len(rows_of_csv(file.read())) == 12


def test_a_job_taken_up_after_its_file_was_noted_changes_nothing(actor, organisation, fleet, make_report):
    report, content = make_report(format="csv")
    with tenant(organisation.pk):
        Job.objects.filter(pk=report.job_id).update(state="queued")
    make_sim(organisation)
    assert run_job(organisation.pk, report.job_id) == "done"
    with default_storage.open(str(report.file)) as file:
        assert file.read() == content


def test_every_row_is_of_the_same_moment(actor, organisation, fleet, make_report, today, monkeypatch):
    """What comes in while the rows are written is not in them, so that they add up to the figures."""
    import json

    monkeypatch.setattr(source, "BATCH", 5)
    monkeypatch.setattr("sims.reports.making.TELL_SECONDS", 0)
    tell, late = jobs.RunningJob.progress, []

    def arrive(self, **given):
        if given["done"] == 5 and not late:
            late.append(make_sim(organisation, label="late"))
            use(organisation, late[0], today, down=10**9)
        tell(self, **given)

    monkeypatch.setattr(jobs.RunningJob, "progress", arrive)
    document = json.loads(make_report(format="json")[1])
    assert late and "late" not in {row["label"] for row in document["rows"]}
    assert document["totals"]["bytes_total"] == sum(row["bytes_total"] for row in document["rows"]) == 78_000


def test_deleting_can_be_undone_and_ends_for_good_after_a_day(actor, organisation, fleet, make_report):
    report, _ = make_report()
    delete_report(actor, report=report.pk)
    assert list_reports(actor).items == []
    forget_reports()
    event = list_audit_events(actor, service="delete_report").items[0]
    undo_call(actor, event=event.id)
    assert [one.id for one in list_reports(actor).items] == [report.pk]
    delete_report(actor, report=report.pk)
    with tenant(organisation.pk):
        Report.objects.filter(pk=report.pk).update(deleted_at=timezone.now() - timedelta(hours=25))
    forget_reports()
    assert files() == []
    with pytest.raises(NotFound, match="cannot be brought back"):
        restore_report(actor, report=report.pk)


def test_deleting_one_that_is_being_made_stops_it(actor, fleet):
    job = generate_report(actor)
    delete_report(actor, report=list_reports(actor).items[0].id)
    assert run_job(actor.organization_id, job.id) == "not free"
    assert get_job(actor, job=job.id).state == "stopped" and files() == []


def test_making_can_be_undone(actor, fleet):
    generate_report(actor)
    undo_call(actor)
    assert list_reports(actor).items == []


def test_what_is_past_its_time_is_hidden_and_removed(actor, organisation, fleet, make_report, settings):
    settings.REPORT_DAYS = 1
    report, _ = make_report()
    assert timedelta(hours=23) < report.expires_at - timezone.now() < timedelta(hours=25)
    with tenant(organisation.pk):
        Report.objects.filter(pk=report.pk).update(expires_at=timezone.now())
    with pytest.raises(NotFound, match="its time was over"):
        get_report(actor, report=report.pk)
    forget_reports()
    with tenant(organisation.pk):
        assert not Report.objects.filter(pk=report.pk).exists()
    assert files() == []


def test_whoever_is_limited_to_customers_reports_theirs_and_sees_their_own(
    make_actor, organisation, make_report, today
):
    acme, other = make_customer(organisation, "Acme"), make_customer(organisation, "Nordlicht")
    for customer in (acme, other):
        use(organisation, make_sim(organisation, label=customer.name, customer=customer), today, down=5)
    limited = make_actor("analyst", customer_ids=[acme.pk])
    whole, _ = make_report()
    own, content = make_report(limited)
    assert [row["Label"] for row in rows_of_csv(content)] == ["Acme"]
    assert [one.id for one in list_reports(limited).items] == [own.pk]
    for service in (get_report, get_report_file, delete_report, share_report):
        with pytest.raises(NotFound):
            service(limited, report=whole.pk)
    daily = rows_of_csv(make_report(limited, per="day")[1])
    assert {row["Label"] for row in daily} == {"Acme"}
    import json

    assert json.loads(make_report(limited, format="json")[1])["totals"]["bytes_total"] == 5
    with pytest.raises(NotFound, match="no customer called Nordlicht"):
        generate_report(limited, customer="Nordlicht")


def test_a_report_made_before_one_was_limited_is_no_longer_ones_own(make_membership, organisation, make_report):
    from iotsim.core.actor import Actor, Face

    acme = make_customer(organisation, "Acme")
    membership = make_membership("analyst")
    report, _ = make_report(Actor.for_membership(membership, face=Face.WEB))
    membership.customer_ids = [acme.pk]
    membership.save()
    with pytest.raises(NotFound):
        get_report_file(Actor.for_membership(membership, face=Face.WEB), report=report.pk)


def test_a_viewer_reads_reports_and_makes_none(make_actor, organisation, make_report):
    viewer, (report, _) = make_actor("viewer"), make_report()
    assert get_report(viewer, report=report.pk).state == "done"
    for service, given in (
        ("generate_report", {}),
        ("delete_report", {"report": report.pk}),
        ("share_report", {"report": report.pk}),
    ):
        with pytest.raises(Denied):
            registry.get(service).call(viewer, given)


def test_a_machine_makes_a_report_at_once_and_may_not_share_it(make_actor, organisation, make_report):
    machine = make_actor("owner", "copilot")
    machine.run.asked = True
    make_sim(organisation)
    assert generate_report(machine, format="csv").state == "queued"
    with pytest.raises(Denied, match="for people"):
        share_report(machine, report=make_report()[0].pk)


def test_a_stranger_sees_nothing_of_it(make_actor, other_organisation, make_report):
    report, _ = make_report()
    stranger = make_actor("owner", organisation=other_organisation)
    for service in (get_report, get_report_file, delete_report, share_report):
        with pytest.raises(NotFound):
            service(stranger, report=report.pk)
