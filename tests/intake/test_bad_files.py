"""Files that are refused whole: a clear sentence, nothing written; and of files with secrets not even the file."""

import gzip
import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from iotsim.core.models import AuditEvent, Job, Upload
from iotsim.core.tenancy import tenant
from sims.services.intake import list_intakes
from tests.fleet import make_sim
from tests.intake.samples import OWN, bring_in, iccid, own, own_row, table
from tests.intake.state import days, refusals, rows

KI = "8baf473f2f8fd09487cccbd7097c6862"


def packed(**files: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("\n\n", "The file is empty."),
        (",,,\n", "The file has no header line."),
        (",".join(OWN) + "\n", "The file has a header and no rows."),
        ("colour,mood\nred,good\n", "No known format has these columns."),
        (packed(a_csv=own(own_row()), b_csv=""), "The ZIP archive holds 2 files."),
        (packed(a_csv=own(own_row()))[:-30], "The ZIP archive is broken"),
        (gzip.compress(own(own_row()).encode())[:-9], "The archive is broken"),
        ("iccid,imsi,label\n" + iccid(1), "Import it as SIM inventory."),
        (b"%PDF-1.7", "a PDF document"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(organisation, actor, content, sentence):
    job = bring_in(actor, content, name="strange.csv")
    assert job.state == "failed"
    assert job.error.startswith("strange.csv: ") and sentence in job.error
    [intake] = list_intakes(actor).items
    assert intake.state == "refused" and sentence in intake.reason
    assert rows(organisation, "SELECT 1 FROM sims_usagerecord") == []


@pytest.mark.parametrize(
    "content", [gzip.compress(own(own_row()).encode()), packed(usage_csv=own(own_row()))], ids=["gzip", "zip"]
)
def test_a_compressed_file_is_unpacked(organisation, actor, content):
    make_sim(organisation, iccid=iccid(1))
    assert bring_in(actor, content, name="usage.csv.gz").result["new"] == 1
    assert len(days(organisation)) == 1


def test_a_file_that_is_too_large_is_refused_packed_or_not(organisation, actor, settings):
    big = own(*[own_row()] * 200)
    settings.UPLOAD_MAX_BYTES = 2000
    unpacked = bring_in(actor, gzip.compress(big.encode()))
    assert "unpacked, has more than" in unpacked.error
    settings.UPLOAD_MAX_BYTES = 10**6
    from tests.intake.samples import ask_for

    job_id = ask_for(actor, big)
    settings.UPLOAD_MAX_BYTES = 2000
    from iotsim.core.jobs import run_job

    assert run_job(organisation.pk, job_id) == "failed"
    with tenant(organisation.pk):
        assert "at most 2.00\u00a0kB can be imported" in Job.objects.get(pk=job_id).error


def test_a_file_of_too_many_rows_is_refused(organisation, actor, monkeypatch):
    monkeypatch.setattr("sims.intake.usage.MAX_ROWS", 3)
    assert "at most 3 fit into one" in bring_in(actor, own(own_row(), own_row(), own_row())).error


@pytest.mark.parametrize("service", ["import_usage", "import_sims"])
@pytest.mark.parametrize("column", ["KI", "OPc"])
def test_of_a_file_with_secrets_nothing_is_kept(organisation, actor, caplog, service, column):
    content = table([*OWN, column], [{**own_row(iccid=iccid(7)), column: KI}])
    job = bring_in(actor, content, name="cards.csv", service=service)
    assert job.state == "failed"
    assert f"The column {column} holds secret keys" in job.error
    assert not_stored_anywhere(organisation, KI, iccid(7))
    assert KI not in caplog.text and iccid(7) not in caplog.text


@pytest.mark.parametrize("service", ["import_usage", "import_sims"])
def test_of_keys_without_a_header_nothing_is_kept_either(organisation, actor, service):
    job = bring_in(actor, f"{iccid(7)},206280000000001,{KI}\n", service=service)
    assert "what looks like secret keys" in job.error
    assert not_stored_anywhere(organisation, KI, iccid(7))


@pytest.mark.parametrize("service", ["import_usage", "import_sims"])
@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())], ids=["plain", "gzip"])
def test_of_a_sim_makers_output_file_nothing_is_kept(organisation, actor, service, pack):
    head = "*Header\nCustomer: Test\nQuantity: 1\nvar_out:ICCID/IMSI/PIN1/KI/OPC\n"
    content = f"{head}{iccid(7)} 206280000000001 1234 {KI} {KI}\n"
    job = bring_in(actor, pack(content), service=service)
    assert "seems to hold secret keys" in job.error
    assert not_stored_anywhere(organisation, KI, iccid(7))


def test_pins_are_not_shown_with_refused_rows(organisation, actor):
    bring_in(actor, f"iccid,pin1,puk1\n8.98E+18,1234,98765432\n{iccid(1)},1235,98765433\n", service="import_sims")
    assert [line for _, _, _, line in refusals(organisation)] == [""]


def test_rows_of_a_file_with_secrets_further_down_are_never_looked_at(organisation, actor):
    """The header alone decides, so no row reaches the register of refused rows."""
    job = bring_in(actor, f"iccid,ki\nbad row\n{iccid(7)},{KI}\n", service="import_sims")
    assert job.state == "failed" and rows(organisation, "SELECT 1 FROM sims_refusedrow") == []


def not_stored_anywhere(organisation, *secrets: str) -> bool:
    """No column of any table that this organisation sees, and no file, holds one of these."""
    with tenant(organisation.pk):
        assert not Upload.objects.exists()
        assert AuditEvent.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = 'public'::regnamespace AND has_table_privilege(oid, 'SELECT')"
            )
            names = [name for (name,) in cursor.fetchall()]
            assert "sims_refusedrow" in names and "core_job" in names
            for name in names:
                for secret in secrets:
                    cursor.execute(f'SELECT 1 FROM "{name}" t WHERE t::text LIKE %s', [f"%{secret}%"])
                    assert not cursor.fetchall(), name
    return files_of(organisation) == []


def files_of(organisation) -> list[str]:
    """Every file kept for the organisation."""
    found, folders = [], [str(organisation.pk)]
    while folders:
        folder = folders.pop()
        try:
            inner, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        folders += [f"{folder}/{one}" for one in inner]
        found += files
    return found


def test_a_file_of_another_organisation_cannot_be_imported(organisation, other_organisation, make_actor):
    from iotsim.core.uploads import store_upload

    stranger = make_actor(organisation=other_organisation)
    content = own(own_row()).encode()
    upload = store_upload(stranger, name="theirs.csv", content=io.BytesIO(content), size_bytes=len(content))
    from iotsim.core.jobs import run_job
    from iotsim.core.services import get_job
    from sims.services.intake import import_usage

    actor = make_actor()
    job_id = import_usage(actor, upload_id=upload.id).id
    run_job(organisation.pk, job_id)
    assert get_job(actor, job=job_id).error == f"There is no upload {upload.id}."


def test_whoever_is_limited_to_some_customers_cannot_import(organisation, make_actor):
    job = bring_in(make_actor("manager", customer_ids=[1]), own(own_row()))
    assert "limited to some customers" in job.error
