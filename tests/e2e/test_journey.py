"""The main job in a browser: sign in, bring a vendor's file in, look, ask, act, undo, approve."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Fleet, Visit

HEADER = (
    "timestampAccount,timestamp,serviceTypeName,subServiceType,parentAccountId,accountId,endpointId,imsi,iccid,"
    "msisdn,imei,planId,addonPlanId,dynamicBenefitId,visitedOperatorName,rateZoneName,count,volumeTotal,"
    "volumeDownlink,volumeUplink,apn,ratType,revenue,revenueCurrency"
)


def bics_file(folder: Path, fleet: Fleet) -> Path:
    """Six GB for each heavy SIM this month, and one row whose ICCID a spreadsheet has eaten."""
    rows, now = [HEADER], datetime.now(UTC)
    began = max(now - timedelta(hours=3), now.replace(day=1, hour=0, minute=0, second=0))
    iccids = [iccid for iccid in fleet.heavy for _ in range(2)]
    for n, iccid in enumerate([*iccids, "8.98E+18"]):
        at = (began + timedelta(seconds=n)).strftime("%Y-%m-%d %H:%M:%S")
        used = "3000000000,2000000000,1000000000"
        rows.append(f"{at},{at},Data,,1,2,E{n},,{iccid},,,,,,Orange,EU,1,{used},iot,LTE,0.1,EUR")
    path = folder / "bics_usage.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question or task for the copilot").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said").last).to_have_text(question)


def state_of(page: Page, label: str) -> str:
    page.goto(f"/sims/?search={label}")
    return page.locator("#sims tbody tr .state").last.inner_text()


def bring_in(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Usage imports").click()
    page.locator("#page input[type=file]").set_input_files(path)
    row = page.locator("#intakes tbody tr").first
    expect(row.locator(".state")).to_have_text("Done", timeout=60_000)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name=path.name)).to_be_visible()
    expect(page.locator("table")).to_contain_text("iccid")


def test_the_main_job_from_sign_in_to_an_approved_change(visit: Visit, fleet: Fleet, tmp_path: Path):
    page = visit()
    bring_in(page, bics_file(tmp_path, fleet))

    page.get_by_role("link", name="SIMs", exact=True).click()
    page.locator("#filter-search").fill("truck-0")
    expect(page).to_have_url(re.compile(r"search=truck-0$"))
    expect(page.locator("#sims tbody tr")).to_have_count(10)

    page.keyboard.press("Control+k")
    ask(page, "Which SIMs are using more than 5GB?")
    answer = page.locator("#copilot-log .mini tbody tr")
    expect(answer).to_have_count(3, timeout=60_000)  # the first question also loads the planner

    ask(page, f"Suspend SIM ending in {fleet.ending}")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("suspended")
    undo = page.locator("#copilot-log").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.click()
    expect(page.locator("#toasts")).to_contain_text("active again")
    expect(page.locator("#copilot-log")).to_contain_text("Undone")

    ask(page, "Suspend all SIMs using more than 5GB")
    expect(page.locator("#copilot-log .card-proposal")).to_contain_text("Suspend 3 SIMs")
    page.get_by_role("link", name="Approvals").first.click()
    page.locator("#approvals").get_by_role("button", name="Suspend 3 SIMs").click()
    expect(page.locator("#approvals")).to_contain_text("Nothing waits for you")
    expect(page.locator("#copilot-log .card-proposal")).to_contain_text("Done")
    assert state_of(page, "truck-01") == "Suspended"
    assert state_of(page, "truck-11") == "Active"


def test_an_act_on_a_row_shows_what_it_does_and_can_be_undone_from_the_toast(visit: Visit):
    page = visit()
    page.get_by_role("link", name="SIMs", exact=True).click()
    page.get_by_role("button", name="Actions for truck-05").click()
    page.get_by_role("button", name="Suspend", exact=True).locator("visible=true").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Can be undone")
    dialog.get_by_label("Reason").fill("On holiday")
    dialog.get_by_role("button", name="Suspend SIM truck-05").click()
    expect(dialog).to_be_hidden()
    row = page.locator("#sims tbody tr").filter(has_text="truck-05")
    expect(row.locator("td .state").last).to_have_text("Suspended")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row.locator("td .state").last).to_have_text("Active")


def test_a_bulk_change_of_chosen_rows_says_how_many_before_it_happens(visit: Visit):
    page = visit()
    page.goto("/sims/?sort=iccid")
    for n in range(4):
        page.locator("input[name=sims]").nth(n).check()
    page.locator("[data-bulk]").get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate 4 SIMs").click()
    expect(page.locator("#toasts")).to_contain_text("4 SIMs deactivated")
    page.goto("/sims/?status=inactive")
    expect(page.locator("#sims tbody tr")).to_have_count(4)


def test_the_conversation_survives_a_change_of_page_and_a_reload(visit: Visit):
    page = visit()
    page.keyboard.press("Control+k")
    ask(page, "How many SIMs do I have?")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("12 SIMs", timeout=30_000)
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    expect(page.locator("#copilot-log .answer").last).to_contain_text("12 SIMs")
    page.reload()
    expect(page.locator("#copilot-log .answer").last).to_contain_text("12 SIMs")
    expect(page.locator("#copilot-log .said")).to_have_count(1)


def test_a_step_back_shows_the_list_as_it_was_filtered(visit: Visit):
    page = visit()
    page.goto("/sims/?search=truck-1")
    page.locator("#sims tbody tr").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("truck-1")
    page.go_back()
    expect(page).to_have_url(re.compile(r"search=truck-1$"))
    expect(page.locator("#sims tbody tr")).to_have_count(2)


def test_everything_can_be_reached_from_the_keyboard(visit: Visit):
    page = visit()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("truck-07")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/sims/\?search=truck-07$"))
    page.keyboard.press("Control+k")
    expect(page.locator("#copilot-text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#copilot")).to_be_hidden()


def test_the_theme_is_kept_without_a_flash(visit: Visit):
    page = visit()
    page.get_by_role("button", name="You and your settings").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    page.reload(wait_until="commit")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
