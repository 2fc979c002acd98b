"""A report on paper: readable for everybody, drawn without any network, and refused in a sentence without Pango."""

import io
import os
import subprocess
import sys

import pytest
from PIL import Image

from iotsim.core.errors import Invalid
from iotsim.core.wording import kept_apart
from sims.formats.brought import read
from sims.reports import drawing
from sims.reports.as_pdf import fetch_nothing
from sims.reports.figures import DaySum
from tests.conftest import REPOSITORY
from tests.fleet import make_customer, make_sim
from tests.reports.making import pages_of_pdf, text_of_pdf, use


@pytest.fixture
def document(make_report, organisation, today):
    acme = make_customer(organisation, "Acme")
    for number in range(60):
        sim = make_sim(organisation, label=f"pump-{number}", customer=acme, country="DE" if number % 2 else "FR")
        use(organisation, sim, today, down=10**6 * (number + 1))
    return make_report(format="pdf", customer="Acme", title="Usage for Acme")[1]


def test_it_says_what_it_is_about_and_numbers_its_pages(document, organisation):
    text, pages = text_of_pdf(document), len(pages_of_pdf(document).pages)
    for words in (
        organisation.name,
        "Usage for Acme",
        "of Acme",
        "60 of them used data",
        f"Page 1 of {pages}",
        "Germany",
    ):
        assert words in text, words
    assert "1.83 GB" in text  # the sum of 1 to 60 MB
    assert "10 further SIMs stand in the same report as CSV or Excel." in text


def test_it_is_tagged_and_tells_its_language_and_title(document):
    pdf = pages_of_pdf(document)
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en-GB"
    assert pdf.metadata.title.startswith("Usage for Acme, ")
    assert "/StructTreeRoot" in root and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid" in pdf.xmp_metadata.stream.get_data()
    assert {round(page.mediabox.width) for page in pdf.pages} == {595}  # A4


def test_it_carries_no_script_and_no_link(document):
    assert all("/Annots" not in page for page in pages_of_pdf(document).pages)
    assert "/JavaScript" not in str(pages_of_pdf(document).trailer["/Root"])


def test_photos_that_are_cut_off_are_still_refused_after_it(document):
    photo = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(photo, "PNG")
    assert pages_of_pdf(document)
    with pytest.raises(Invalid, match="damaged"):
        read(io.BytesIO(photo.getvalue()[:9_000]))


def test_nothing_is_fetched():
    for address in ("http://127.0.0.1/x", "file:///etc/passwd", "data:text/plain,x"):
        with pytest.raises(ValueError, match="fetches nothing"):
            fetch_nothing(address)


def test_a_chart_of_a_long_period_is_drawn_in_weeks(today):
    from datetime import timedelta

    days = [DaySum(today - timedelta(days=back), 0, 10**9) for back in reversed(range(365))]
    assert drawing.days_chart(days[:100], title="x").count("<rect") == 100
    assert drawing.days_chart(days, title="x").count("<rect") == 53
    assert "<title>&lt;b&gt;</title>" in drawing.bar(0.5, title="<b>")


def test_without_usage_it_says_so(make_report, organisation):
    make_sim(organisation)
    assert "No SIM used anything in this period." in text_of_pdf(make_report(format="pdf")[1])


SCRIPT = """
import django
django.setup()
from iotsim.core.errors import Unavailable
from sims.reports.pango import require_pango
import sims.reports.as_csv, sims.reports.as_json, sims.reports.as_xlsx, sims.services
try:
    require_pango()
except Unavailable as error:
    print(error.sentence)
"""


def without_pango(folder) -> dict[str, str]:
    """An environment in which the system's Pango is hidden by a file that is no library."""
    (folder / "libpango-1.0.so.0").write_bytes(b"")
    return {**os.environ, "LD_LIBRARY_PATH": str(folder), "DJANGO_SETTINGS_MODULE": "iotsim.settings"}


def run_python(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are hidden in the way of Linux' loader")
def test_without_pango_pdf_alone_is_refused_with_the_command_to_run(tmp_path):
    said = run_python(SCRIPT, without_pango(tmp_path))
    assert "run `apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in said
    assert "CSV, Excel and JSON work without it." in said


MAKE_ALL = """
import sys, django
django.setup()
from iotsim.core.actor import Actor
from iotsim.core.errors import Unavailable
from iotsim.core.jobs import run_job
from iotsim.core.models import Organization
from iotsim.celery import app
from sims.services.reports import generate_report
app.conf.task_default_queue = "nobody"  # a worker of another test would be quicker
actor = Actor.system(Organization.objects.get(pk=int(sys.argv[1] if len(sys.argv) > 1 else {organisation})))
for format in ("csv", "xlsx", "json", "pdf"):
    try:
        print(format, run_job(actor.organization_id, generate_report(actor, format=format).id))
    except Unavailable:
        print(format, "refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="libraries are hidden in the way of Linux' loader")
def test_without_pango_the_other_formats_are_made(tmp_path, organisation, environment):
    make_sim(organisation)
    script = MAKE_ALL.replace("{organisation}", str(organisation.pk))
    told = {**environment, **without_pango(tmp_path), "DATABASE_URL": environment["DATABASE_URL"]}
    told |= {"REDIS_PREFIX": environment["REDIS_PREFIX"], "DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": "x" * 60}
    said = run_python(script, told)
    assert [line for line in said.splitlines() if line.startswith(("csv", "xlsx", "json", "pdf"))] == [
        "csv done",
        "xlsx done",
        "json done",
        "pdf refused",
    ]


def test_a_label_that_turns_the_direction_round_leaves_its_neighbours_alone(make_report, organisation, today):
    sim = make_sim(organisation, label="a\u202eevil", customer=make_customer(organisation, "\u2067Acme"))
    use(organisation, sim, today, down=10**9)
    text = text_of_pdf(make_report(format="pdf")[1])
    assert f"{sim.iccid} aevil Acme" in text


def test_what_reads_from_right_to_left_is_isolated():
    assert kept_apart("\u05de\u05e9\u05d0\u05d9\u05ea") == "\u2068\u05de\u05e9\u05d0\u05d9\u05ea\u2069"
    assert kept_apart("truck\u202e\u2069") == "truck"
    assert kept_apart("Zürich 12") == "Zürich 12"
