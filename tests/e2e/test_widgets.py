"""Widgets and suggestions in a browser: pinned, refreshed, moved, removed, taken back; a suggestion carried out."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from analytics.suggesting.keeping import refresh
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.dates import today
from tests.e2e.conftest import AXE, PHONE
from tests.widgets.test_suggestions import GB, foresee


def ask(page, text):
    """Ask, and wait for the answer: a runner may just be starting."""
    if page.locator("html").get_attribute("data-copilot") != "open":
        page.locator("[data-copilot-toggle]").click()
    answers = page.locator("#copilot-log .answer")
    before = answers.count()
    page.get_by_label("Question or task for the copilot").fill(text)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(before + 1, timeout=60_000)
    expect(page.locator("#copilot-status")).to_have_text("Done")


def complaints(page, part):
    """What axe finds in a part of the page."""
    return page.evaluate(
        "(part) => axe.run(part).then((one) => one.violations.map((v) => `${v.id}: ${v.nodes[0].html}`))", part
    )


def toast(page, words):
    return page.locator("#toasts .notification", has_text=words)


def runs_out(fleet, label, days=3):
    """A SIM of the fleet is forecast to pass its 10 GB so many days from now."""
    with tenant(fleet.organisation.pk):
        sim = Sim.objects.select_related("plan").get(label=label)
        Sim.objects.filter(pk=sim.pk).update(cycle_bytes=9 * GB, cycle_as_of=datetime.now(UTC))
    row = foresee(
        sim, 11_000, 13_000, 15_000, used_bytes=9 * GB, quota_bytes=10 * GB, exhausts_probability=0.9,
        exhausts_on=today() + timedelta(days=days),
    )  # fmt: skip
    with tenant(fleet.organisation.pk):
        daily = GB / (days + 0.5)
        row.days_p10, row.days_p50, row.days_p90 = [daily * 0.95] * 31, [daily] * 31, [daily * 1.05] * 31
        row.save()
    refresh(fleet.organisation.pk)
    return sim


def test_a_sim_card_is_pinned_survives_a_reload_refreshes_and_is_removed_and_taken_back(visit, fleet):
    page = visit()
    ask(page, "tell me about SIM truck-05")
    card = page.locator("#copilot-log .widget")
    expect(card.get_by_role("heading", name="SIM details: truck-05")).to_be_visible()
    expect(card).to_contain_text("Fleet 10 GB")
    with tenant(fleet.organisation.pk):
        Sim.objects.filter(label="truck-05").update(cycle_bytes=4 * GB, cycle_as_of=datetime.now(UTC))
    expect(card).not_to_contain_text("4.00")
    card.get_by_role("button", name="Refresh SIM details: truck-05").click()
    expect(card).to_contain_text("4.00\u00a0GB of 10.0\u00a0GB")
    card.get_by_role("button", name="Pin SIM details: truck-05 to the dashboard").click()
    expect(toast(page, "is on your dashboard now")).to_be_visible()
    board = page.locator("#board")
    expect(board.get_by_role("heading", name="SIM details: truck-05")).to_be_visible()
    page.reload()
    expect(board).to_contain_text("4.00\u00a0GB")
    expect(page.locator("#copilot-log .widget")).to_contain_text("Fleet 10 GB")  # as it was first drawn
    expect(page.locator("#copilot-log .widget")).not_to_contain_text("4.00")
    board.get_by_role("button", name="More for SIM details: truck-05").click()
    board.get_by_role("button", name="Remove from the dashboard").click()
    expect(board.locator(".widget")).to_have_count(0)
    toast(page, "no longer on your dashboard").get_by_role("button", name="Undo").click()
    expect(board).to_contain_text("4.00\u00a0GB")


def test_pinned_widgets_are_renamed_ordered_and_opened_and_a_chart_is_drawn_there(visit, fleet):
    page = visit()
    ask(page, "show status breakdown")
    chart = page.locator("#copilot-log .widget").first
    expect(chart.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    chart.get_by_role("button", name="Pin ").click()
    board = page.locator("#board")
    expect(board.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    ask(page, "tell me about SIM truck-05")
    card = page.locator("#copilot-log .widget").last
    card.get_by_role("button", name="Pin SIM details").click()
    expect(board.locator(".widget h3")).to_have_count(2)
    expect(board.locator(".widget h3").last).to_have_text("SIM details: truck-05")
    board.get_by_role("button", name="More for SIM details: truck-05").click()
    board.get_by_role("button", name="Move up").last.click()
    expect(board.locator(".widget h3").first).to_have_text("SIM details: truck-05")
    board.get_by_role("button", name="More for SIM details: truck-05").click()
    board.get_by_role("button", name="Rename").first.click()
    page.locator("dialog").get_by_label("Title").fill("The harbour truck")
    page.locator("dialog").get_by_role("button", name="Rename widget").click()
    expect(board.locator(".widget h3").first).to_have_text("The harbour truck")
    board.get_by_role("link", name="Open as page The harbour truck").click()
    expect(page.get_by_role("heading", name="truck-05").first).to_be_visible()


def test_who_is_limited_to_other_customers_meanwhile_sees_a_sentence_on_the_dashboard(visit, fleet):
    page = visit()
    ask(page, "tell me about SIM truck-05")
    page.locator("#copilot-log .widget").get_by_role("button", name="Pin").click()
    board = page.locator("#board")
    expect(board).to_contain_text("Fleet 10 GB")
    from tests.fleet import make_customer, make_sim

    other = make_customer(fleet.organisation, "Somebody else")
    make_sim(fleet.organisation, label="theirs", customer=other)
    Membership.objects.filter(user__email=fleet.email).update(customer_ids=[other.pk])
    page.reload()
    expect(board).to_contain_text("No SIM is called truck-05")
    expect(board).not_to_contain_text("Fleet 10 GB")


def test_a_suggestion_upgrades_a_quota_and_is_gone(visit, fleet):
    sim = runs_out(fleet, "truck-04")
    page = visit()
    page.goto(f"/sims/{sim.iccid}/")
    page.keyboard.press("Control+k")
    near = page.locator("#copilot-suggestions")
    expect(near).to_contain_text("SIM truck-04 runs out of data in")
    near.get_by_role("button", name="Upgrade quota").click()
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("Set the quota of SIM truck-04 to 15.0\u00a0GB")
    dialog.get_by_role("button", name="Set the quota of SIM truck-04").click()
    expect(toast(page, "The quota of SIM truck-04 is 15.0\u00a0GB now")).to_be_visible()
    expect(near.locator(".suggestion")).to_have_count(0)
    toast(page, "15.0").get_by_role("button", name="Undo").click()
    expect(near.locator(".suggestion")).to_have_count(1)


def test_a_suggestion_is_dismissed_and_brought_back_on_the_dashboard(visit, fleet):
    runs_out(fleet, "truck-04")
    page = visit()
    few = page.locator("#suggestions-few")
    few.get_by_role("button", name="Dismiss: SIM truck-04").click()
    expect(few).to_contain_text("Nothing needs doing now")
    toast(page, "Dismissed").get_by_role("button", name="Undo").click()
    expect(few).to_contain_text("SIM truck-04 runs out of data")


def test_at_the_width_of_a_phone_nothing_is_cut_off_and_axe_finds_nothing(visit, fleet):
    runs_out(fleet, "truck-04")
    page = visit(PHONE)
    ask(page, "which SIMs use more than 1 kB")
    table = page.locator("#copilot-log .widget").first
    expect(table.get_by_role("button", name="Refresh")).to_be_visible()
    table.get_by_role("button", name="Pin").click()
    expect(toast(page, "is on your dashboard now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert table.evaluate("one => one.getBoundingClientRect().right") <= PHONE["width"]
    page.evaluate(AXE.read_text())
    assert complaints(page, "#copilot-log .widget") == [] and complaints(page, "#copilot-near") == []
    page.get_by_label("Close the copilot").click()
    expect(page.locator("#board .widget")).to_have_count(1)
    assert complaints(page, "#board") == [] and complaints(page, "#suggestions-few") == []
