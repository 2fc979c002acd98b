"""The copilot knows the page and takes files, in a browser: ticked rows, a filter, a SIM's page, a list, a photo."""

import base64
import re
from typing import Any

from playwright.sync_api import Page, expect

from copilot.models import Run
from iotsim.core.tenancy import tenant
from tests.e2e.conftest import PHONE, Fleet, Visit
from tests.fleet import make_sim
from tests.intake.test_photos import HEIC, ICCID, as_file, code


def knows(page: Page) -> Any:
    return page.locator("#copilot-knows")


def ask(page: Page, question: str) -> None:
    answers = page.locator("#copilot-log .answer").count()
    page.get_by_label("Question or task for the copilot").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said").last).to_contain_text(question)
    expect(page.locator("#copilot-log .answer")).to_have_count(answers + 1, timeout=60_000)
    expect(page.locator("#copilot-stop")).to_be_hidden()


def newest(fleet: Fleet, question: str) -> dict[str, Any]:
    """What the run of that question was told of the page."""
    with tenant(fleet.organisation.pk, read_only=True):
        return Run.objects.filter(question=question).latest("pk").context


def give(page: Page, name: str, kind: str, content: bytes) -> Any:
    page.locator("#copilot-file").set_input_files([{"name": name, "mimeType": kind, "buffer": content}])
    chip = page.locator(".attachment", has_text=name)
    expect(chip).to_be_visible()
    return chip


def listed(fleet: Fleet) -> bytes:
    return "\n".join(["iccid;note", *(f"{one};x" for one in fleet.heavy), f"{ICCID};not ours"]).encode()


def test_ticked_rows_filters_and_the_page_are_known_and_can_be_left_out(visit: Visit, fleet: Fleet):
    page = visit()
    page.goto("/sims/?status=active")
    page.keyboard.press("Control+k")
    expect(knows(page)).to_contain_text("Knows: status = active")
    ticked = [page.locator("input[name=sims]").nth(n) for n in (1, 3)]
    for box in ticked:
        box.check()
    expect(knows(page)).to_contain_text("Knows: 2 selected SIMs, status = active")
    iccids = [box.get_attribute("value") for box in ticked]
    ask(page, "Suspend these")
    card = page.locator("#copilot-log .card-proposal")
    expect(card).to_contain_text("Suspend 2 SIMs")
    for iccid in iccids:
        expect(card).to_contain_text(iccid[-4:])
    told = newest(fleet, "Suspend these")
    assert (told["selected"], told["filters"], told["page"]) == (iccids, {"status": "active"}, "sims")

    knows(page).get_by_role("button", name="Leave out").focus()
    page.keyboard.press("Enter")
    expect(knows(page)).to_contain_text("Knows nothing of this page for this question")
    ask(page, "And what do you know now?")
    assert newest(fleet, "And what do you know now?") == {}
    expect(knows(page)).to_contain_text("Knows: 2 selected SIMs")

    page.locator("#sims").get_by_role("link", name=re.compile(iccids[0][-4:])).first.click()
    expect(knows(page)).to_contain_text(f"SIM …{iccids[0][-4:]}")
    expect(knows(page)).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d"))
    ask(page, "Why is this one high?")
    told = newest(fleet, "Why is this one high?")
    assert told["subject"] == {"kind": "sim", "id": iccids[0]} and set(told["period"]) == {"start", "end"}


def test_all_that_fit_are_chosen_by_their_filter_and_not_one_by_one(visit: Visit, fleet: Fleet):
    page = visit()
    for n in range(45):
        make_sim(fleet.organisation, label=f"meter-{n:02}")
    page.goto("/sims/?status=active&limit=20")
    page.keyboard.press("Control+k")
    page.locator("[data-select-all]").check()
    page.get_by_role("button", name="Choose all 57 that fit").click()
    expect(knows(page)).to_contain_text("Knows: all 57 SIMs that fit, status = active")
    ask(page, "What are these?")
    told = newest(fleet, "What are these?")
    assert told["everything"] is True and "selected" not in told and told["filters"] == {"status": "active"}
    page.locator("[data-bulk]").get_by_role("button", name="Suspend").click()
    expect(page.locator("#dialog")).to_contain_text("Suspend 57 SIMs")


def test_a_list_is_attached_shown_sent_and_stays(visit: Visit, fleet: Fleet):
    page = visit()
    page.keyboard.press("Control+k")
    chip = give(page, "north.csv", "text/csv", listed(fleet))
    expect(chip).to_contain_text("3 known, 1 unknown")
    chip.get_by_text("Which are unknown").click()
    expect(chip).to_contain_text(f"Row 5: {ICCID}")
    page.reload()
    expect(page.locator(".attachment")).to_contain_text("3 known, 1 unknown")
    page.keyboard.press("Control+k")
    ask(page, "Suspend these")
    expect(page.locator("#copilot-log .said").last).to_contain_text("north.csv3 known, 1 unknown")
    expect(page.locator("#copilot-log .card-proposal")).to_contain_text("Suspend 3 SIMs")
    expect(page.locator(".attachment")).to_have_count(0)
    [attached] = newest(fleet, "Suspend these")["attached"]
    assert (attached["known"], attached["unknown"], attached["kind"]) == (3, 1, "sims")
    page.reload()
    expect(page.locator("#copilot-log .said").last).to_contain_text("north.csv3 known, 1 unknown")


def test_a_file_that_cannot_be_read_says_why_and_one_can_be_removed(visit: Visit, fleet: Fleet):
    page = visit(PHONE)
    page.locator("[data-copilot-toggle]").first.click()
    chip = give(page, "north.csv", "text/csv", listed(fleet))
    page.locator("#copilot-file").set_input_files([{"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}])
    expect(page.locator(".attachment-error")).to_contain_text("PDF document")
    page.locator("#copilot-file").set_input_files(
        [{"name": "excel.csv", "mimeType": "text/csv", "buffer": b"iccid\n8.98E+18\n8.98E+18\n"}]
    )
    expect(page.locator(".attachment-error")).to_contain_text("a spreadsheet has rounded")
    chip.get_by_role("button", name="Remove north.csv").click()
    expect(page.locator(".attachment")).to_have_count(0)


def test_a_photo_dropped_or_pasted_names_its_sim(visit: Visit, fleet: Fleet):
    make_sim(fleet.organisation, iccid=ICCID, label="truck-17")
    page = visit()
    page.keyboard.press("Control+k")
    photo = base64.b64encode(as_file(code(ICCID).rotate(12, expand=True, fillcolor=255), "JPEG").read()).decode()
    for kind, name in (("drop", "dropped.jpg"), ("paste", "pasted.jpg")):
        page.evaluate(
            """([kind, name, photo]) => {
                const bytes = Uint8Array.from(atob(photo), (one) => one.charCodeAt(0));
                const data = new DataTransfer();
                data.items.add(new File([bytes], name, { type: "image/jpeg" }));
                const options = { bubbles: true, cancelable: true };
                const made = kind === "drop" ? new DragEvent("drop", { ...options, dataTransfer: data })
                    : new ClipboardEvent("paste", { ...options, clipboardData: data });
                document.querySelector("#copilot-text").dispatchEvent(made);
            }""",
            [kind, name, photo],
        )
        expect(page.locator(".attachment", has_text=name)).to_contain_text(
            f"Found ICCID {ICCID}: SIM truck-17, active."
        )
    expect(give(page, "phone.heic", "image/heic", HEIC)).to_contain_text(f"Found ICCID {ICCID}: SIM truck-17, active.")
    ask(page, "Show this SIM")
    expect(page.locator("#copilot-log")).to_contain_text("truck-17")
    assert newest(fleet, "Show this SIM")["attached"][0]["sims"] == [ICCID]


def test_usage_is_offered_to_the_import(visit: Visit, fleet: Fleet):
    page = visit()
    page.keyboard.press("Control+k")
    usage = f"iccid,started_at,bytes_up,bytes_down\n{fleet.heavy[0]},2026-01-01T00:00:00Z,1,2\n"
    chip = give(page, "usage.csv", "text/csv", usage.encode())
    expect(chip).to_contain_text("1 row")
    chip.get_by_role("button", name="Import").click()
    expect(page.locator("#dialog")).to_contain_text("Import usage")
