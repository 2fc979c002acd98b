"""An unknown file is mapped on its page, comes in, and its refused row is corrected: in a browser."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, WIDE, Fleet, Visit
from tests.e2e.test_every_page import violations


def meter(fleet: Fleet) -> bytes:
    at = datetime.now(UTC) - timedelta(days=1)
    good = [f"{one};{at:%d.%m.%Y} 12:00;1,5;<b>x</b>" for one in fleet.heavy]
    return "\n".join(["Card;Begin;Volume MB;Remark", *good, f"8.98E+18;{at:%d.%m.%Y} 12:00;2;", ""]).encode()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_unknown_file_is_mapped_and_its_refused_row_corrected(
    visit: Visit, fleet: Fleet, tmp_path: Path, viewport: dict[str, int]
) -> None:
    page = visit(viewport)
    page.goto("/imports/")
    page.set_input_files(
        "#page input[type=file]", {"name": "meter.csv", "mimeType": "text/csv", "buffer": meter(fleet)}
    )
    page.locator("a.opens", has_text="meter.csv").click()
    page.get_by_role("link", name="Map its columns").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("3 of the first 4 rows of meter.csv can be read so.")
    assert violations(page) == []
    page.get_by_label("Unit of volumes").select_option("GB")
    expect(preview).to_contain_text("1,500")
    page.get_by_label("Up and down together").select_option("")
    expect(preview).to_contain_text("Say which column holds the volume")
    page.get_by_label("Up and down together").select_option("Volume MB")
    page.get_by_label("Unit of volumes", exact=True).select_option("MB")
    page.get_by_label("Name of the mapping").fill("Meter vendor")
    page.get_by_role("button", name="Save mapping").click()
    page.get_by_role("button", name="Bring it in again").click()
    page.goto("/imports/")
    done = page.locator("tr", has_text="Done")
    expect(done).to_have_count(1)
    done.locator("a.opens").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    kept = tmp_path / "refused.csv"
    download.value.save_as(kept)
    corrected = kept.read_text(encoding="utf-8-sig").replace("8.98E+18", fleet.heavy[0][:-3] + "999")
    page.set_input_files(
        "#page form input[type=file]", {"name": "corrected.csv", "mimeType": "text/csv", "buffer": corrected.encode()}
    )
    expect(page.locator("tr", has_text="corrected.csv")).to_contain_text("Done")
    page.locator("a.opens", has_text="corrected.csv").click()
    page.locator("main .notice").get_by_role("link", name="import ").click()
    expect(page.locator("main")).to_contain_text("1 of the refused rows was corrected by corrected.csv.")
