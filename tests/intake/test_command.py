"""`manage.py import_usage FILE... --org SLUG`."""

import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import REPOSITORY
from tests.fleet import make_sim
from tests.intake.samples import bics, bics_row, iccid, own, own_row
from tests.intake.state import days


@pytest.fixture
def files(tmp_path):
    (tmp_path / "own.csv").write_text(own(own_row(), own_row(bytes_up="x")))
    (tmp_path / "bics.csv").write_text(bics(bics_row()))
    (tmp_path / "bad.csv").write_text("colour\nred\n")
    return tmp_path


def test_files_are_brought_in_one_after_the_other(organisation, files, capsys):
    make_sim(organisation, iccid=iccid(1))
    call_command("import_usage", files / "own.csv", files / "bics.csv", org=organisation.slug)
    said = capsys.readouterr().out
    assert "own.csv: 1 new row, 1 refused." in said and "bics.csv: 1 new row." in said
    assert "Usage from" in said
    assert [(up, down) for _, _, up, down, *_ in days(organisation)] == [(2000, 10000)]


def test_a_refused_file_ends_the_command_with_an_error_after_the_good_ones(organisation, files, capsys):
    with pytest.raises(CommandError, match=r"Not brought in: .*bad\.csv"):
        call_command(
            "import_usage", files / "bad.csv", files / "missing.csv", files / "bics.csv", org=organisation.slug
        )
    said = capsys.readouterr()
    assert "No known format has these columns" in said.err and "missing.csv: No such file" in said.err
    assert "bics.csv: 1 new row" in said.out


def test_an_unknown_organisation_is_told(database, files):
    with pytest.raises(CommandError, match="There is no organisation nowhere"):
        call_command("import_usage", files / "own.csv", org="nowhere")


def test_the_process_ends_with_one_when_a_file_is_refused(organisation, files, environment):
    command = [sys.executable, "manage.py", "import_usage", str(files / "bad.csv"), "--org", organisation.slug]
    ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "bad.csv: No known format has these columns" in ended.stderr
