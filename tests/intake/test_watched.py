"""Files in a watched folder are brought in once, and put aside with a note; nothing outside of it is touched."""

import os
import time

import pytest

from iotsim.core.jobs import run_job
from iotsim.core.models import Job, Upload
from iotsim.core.tenancy import tenant
from sims.intake import watched
from sims.intake.watched import look_into
from sims.models import Intake, WatchedFile
from sims.tasks import look_into_folders
from tests.fleet import make_sim
from tests.intake.samples import iccid, own, own_row
from tests.intake.state import days, rows


@pytest.fixture
def folder(organisation, tmp_path, settings):
    settings.WATCH_DIR = str(tmp_path / "watch")
    made = tmp_path / "watch" / organisation.slug
    made.mkdir(parents=True)
    return made


def put(folder, name, content):
    """A file that was finished a while ago."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    return path


def look(organisation, times=2):
    """What beat does, again and again; with the jobs run as a worker would."""
    taken = 0
    for _ in range(times):
        taken += look_into(organisation)
        with tenant(organisation.pk):
            waiting = list(Job.objects.filter(state="queued").values_list("pk", flat=True))
        for job in waiting:
            run_job(organisation.pk, job)
    return taken


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def notes(folder):
    return "".join(path.read_text() for path in sorted(folder.glob("*.txt")))


def test_a_file_is_taken_when_it_has_settled_and_goes_to_done_with_a_note(organisation, folder):
    make_sim(organisation, iccid=iccid(1))
    put(folder, "usage.csv", own(own_row(), own_row(bytes_up="x")))
    assert look_into(organisation) == 0  # seen for the first time
    assert look_into(organisation) == 1
    assert names(folder) == ["usage.csv"]  # until its import is over
    assert look(organisation) == 0
    assert names(folder) == ["done"]
    assert len(names(folder / "done")) == 2 and names(folder / "done")[0].endswith("-usage.csv")
    assert "usage.csv: 1 new row, 1 refused." in notes(folder / "done") and "shown with import" in notes(
        folder / "done"
    )
    assert len(days(organisation)) == 1
    with tenant(organisation.pk):
        assert Intake.objects.get().who == "iotsim"


def test_a_file_that_is_still_written_to_waits(organisation, folder):
    path = put(folder, "usage.csv", own(own_row()))
    look_into(organisation)
    with path.open("a") as file:
        file.write(own(own_row()).split("\n")[1] + "\n")
    assert look_into(organisation) == 0 and look_into(organisation) == 0  # written to just now
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    assert look(organisation, 3) == 1


def test_a_list_of_sims_is_told_by_its_header(organisation, folder):
    put(folder, "cards.csv", f"iccid,label\n{iccid(1)},Pump\n")
    look(organisation, 3)
    assert "cards.csv: 1 new SIM." in notes(folder / "done")
    assert rows(organisation, "SELECT label FROM sims_sim") == [("Pump",)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("colour,mood\nred,good\n", "No known format has these columns"), ("", "is empty"), (b"%PDF-1.7", "PDF"),
     (f"iccid,ki\n{iccid(1)},8baf473f2f8fd09487cccbd7097c6862\n", "holds secret keys")],
    ids=["unknown", "empty", "pdf", "secrets"],
)  # fmt: skip
def test_what_cannot_be_taken_goes_to_refused_with_the_reason(organisation, folder, content, sentence):
    put(folder, "strange.csv", content)
    look(organisation, 3)
    assert names(folder) == ["refused"] and sentence in notes(folder / "refused")


def test_a_file_that_is_too_large_is_refused(organisation, folder, settings):
    settings.UPLOAD_MAX_BYTES = 100
    put(folder, "usage.csv", own(own_row()))
    look(organisation, 3)
    assert "may be uploaded" in notes(folder / "refused")


def test_never_the_same_file_twice(organisation, folder):
    content = own(own_row())
    put(folder, "monday.csv", content)
    look(organisation, 3)
    put(folder, "tuesday.csv", content)
    assert look(organisation, 3) == 0
    assert "brought in before, as monday.csv" in notes(folder / "done")
    with tenant(organisation.pk):
        assert Upload.objects.count() == Job.objects.count() == 1


def test_a_refused_file_may_come_again_once_it_can_be_read(organisation, folder, monkeypatch):
    put(folder, "a.csv", "colour,mood\nred,good\n")
    look(organisation, 3)
    put(folder, "a.csv", "colour,mood\nred,good\n")
    assert look(organisation, 3) == 1


def test_a_worker_that_died_between_taking_and_moving_takes_nothing_twice(organisation, folder, monkeypatch):
    put(folder, "usage.csv", own(own_row()))
    monkeypatch.setattr(watched, "_move", _broken)
    assert look(organisation, 5) == 1
    assert names(folder) == ["usage.csv"]
    monkeypatch.undo()
    with tenant(organisation.pk):
        assert WatchedFile.objects.count() == Job.objects.count() == 1


def _broken(*arguments):
    raise OSError(30, "Read-only file system")


def test_links_are_never_followed(organisation, folder, tmp_path):
    secret = put(tmp_path, "secret.csv", own(own_row()))
    (folder / "link.csv").symlink_to(secret)
    os.link(secret, folder / "second-name.csv")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    put(elsewhere, "inner.csv", own(own_row()))
    (folder / "inside").symlink_to(elsewhere)
    assert look(organisation, 4) == 0
    assert names(elsewhere) == ["inner.csv"] and (folder / "link.csv").is_symlink() and secret.exists()
    assert "several names" in notes(folder / "refused")


def test_a_link_in_place_of_done_leads_nowhere(organisation, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "done").symlink_to(elsewhere)
    put(folder, "usage.csv", own(own_row()))
    look(organisation, 4)
    assert names(elsewhere) == [] and (folder / "usage.csv").exists()


def test_a_link_in_place_of_the_folder_is_no_folder(organisation, other_organisation, folder, tmp_path):
    put(folder, "usage.csv", own(own_row()))
    (folder.parent / other_organisation.slug).symlink_to(folder)
    assert look(other_organisation, 4) == 0
    assert names(folder) == ["usage.csv"]


def test_hidden_and_unfinished_files_and_folders_are_left_alone(organisation, folder):
    for name in (".hidden.csv", "usage.csv.part", "usage.csv.filepart", "usage.csv~"):
        put(folder, name, own(own_row()))
    (folder / "sub.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    assert look(organisation, 4) == 0
    assert len(names(folder)) == 6


def test_each_organisation_has_its_own_folder(organisation, other_organisation, folder):
    put(folder, "usage.csv", own(own_row()))
    look(other_organisation, 3)
    assert names(folder) == ["usage.csv"]
    look(organisation, 3)
    assert names(folder) == ["done"]
    with tenant(other_organisation.pk):
        assert not Intake.objects.exists()


def test_names_of_any_kind_are_moved(organisation, folder):
    for name in ("ü " + "x" * 240 + ".csv", "-rf.csv", "a;b$(c).csv", os.fsdecode(b"\xff\xfe.csv")):
        put(folder, name, own(own_row(apn=str(len(name)))))
    assert look(organisation, 4) == 4
    assert names(folder) == ["done"] and len(names(folder / "done")) == 8


def test_beat_looks_into_every_folder(organisation, folder):
    from iotsim.celery import app

    assert any(one["task"] == look_into_folders.name for one in app.conf.beat_schedule.values())
    put(folder, "usage.csv", own(own_row()))
    assert look_into_folders() == 0 and look_into_folders() == 1


def test_without_a_folder_nothing_happens(organisation, tmp_path, settings):
    settings.WATCH_DIR = str(tmp_path / "none")
    assert look_into(organisation) == 0
