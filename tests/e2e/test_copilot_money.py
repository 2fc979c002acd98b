"""What the copilot's models may do, send and cost, in the browser: an admin's settings and everybody's spending."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from copilot.models import CopilotSettings, ModelCall
from copilot.services.choice import change_copilot_settings
from iotsim.core.actor import Actor, Face
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from tests.accounts.people import PASSWORD, give_password
from tests.e2e.conftest import PHONE, WIDE, Visit
from tests.e2e.test_every_page import violations

MODEL = "openai/gpt-4o-mini"
SETTINGS, SPENDING = "/settings/copilot/", "/copilot/spending/"


@pytest.fixture(scope="module")
def offering(start_web) -> str:
    """The address of a web server whose operator offers a model outside. Nothing is ever sent to it here."""
    return start_web(COPILOT_MODELS=MODEL, OPENAI_API_KEY="sk-of-the-tests")


@pytest.fixture
def person(make_membership):
    """person(role): somebody with a password."""

    def make(role: str = "admin") -> Membership:
        found = make_membership(role)
        give_password(found.user)
        return found

    return make


@pytest.fixture
def signed_in(new_page: Visit, offering: str):
    """signed_in(membership, address): a page on which they have signed in, at that address."""

    def make(who: Membership, address: str, viewport: dict[str, int] = WIDE, scheme: str = "light") -> Page:
        page = new_page(viewport, scheme)
        page.goto(f"{offering}/accounts/login/?next={quote(address)}")
        page.get_by_label("E-mail").fill(who.user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{offering}{address}")
        return page

    return make


def kept(who: Membership) -> CopilotSettings:
    with tenant(who.organization_id):
        return CopilotSettings.objects.get()


def spent(who: Membership, cost: str, *, days_ago: int = 0, model: str = MODEL) -> date:
    """One call of a model; answers its day."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    with tenant(who.organization_id):
        row = ModelCall.objects.create(
            organization_id=who.organization_id, run_id=1, thread_id=1, user_id=who.user_id, step=1, model=model,
            provider="openai", state="done", cost=Decimal(cost), input_tokens=1200, cached_tokens=200, output_tokens=50,
        )  # fmt: skip
        ModelCall.objects.filter(pk=row.pk).update(created_at=at)
    return at.date()


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


# --- the settings ---


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_an_admin_chooses_a_model_and_sees_what_will_leave_before_it_does(signed_in, person, viewport, scheme):
    admin = person()
    page = signed_in(admin, SETTINGS, viewport, scheme)
    expect(panel(page, "Now")).to_contain_text("nothing leaves this machine", ignore_case=True)
    expect(page.get_by_label("builtin/planner")).to_be_checked()
    expect(panel(page, "Model")).to_contain_text("Questions and results are sent to it.")
    page.get_by_label(MODEL).check()
    panel(page, "Model").get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Send questions and results to {MODEL}")
    expect(dialog).to_contain_text("What was sent once cannot be taken back.")
    expect(dialog).to_contain_text("names and numbers")  # what is masked from then on
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    dialog.get_by_role("button", name="Send questions").click()
    expect(page.locator("#toasts")).to_contain_text("Changed: model")
    expect(panel(page, "Now")).to_contain_text(MODEL)
    assert (kept(admin).model, kept(admin).masking) == (MODEL, "outside")
    page.reload()
    expect(page.get_by_label(MODEL)).to_be_checked()
    if viewport != WIDE:
        page.keyboard.press("Control+k")
    expect(page.locator("#copilot-model")).to_contain_text(MODEL)


def test_less_masking_is_asked_about_and_can_be_thought_better_of(signed_in, person):
    admin = person()
    change(admin, model=MODEL)
    page = signed_in(admin, SETTINGS)
    page.get_by_label("Never").check()
    panel(page, "Model").get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("names and numbers")
    expect(dialog).to_contain_text("What was sent once cannot be taken back.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert kept(admin).masking == "outside"
    page.reload()
    page.get_by_label("Labels of SIMs and devices too").check()  # sends less: nobody is asked
    panel(page, "Model").get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Changed: masking of labels")
    assert kept(admin).mask_labels


def test_what_is_half_typed_stays_and_the_rest_follows_what_others_store(signed_in, person):
    admin = person()
    page = signed_in(admin, SETTINGS)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    budget, a_day = page.get_by_label("Organisation, a month"), page.get_by_label("Organisation, a day")
    budget.press_sequentially("2")
    change(admin, budget_day=4)
    expect(a_day).to_have_value("4.00")
    budget.press_sequentially("5")  # where the caret was
    budget.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Changed: month's budget")
    assert kept(admin).budget_month == 25
    expect(budget).to_have_value("25.00")
    change(admin, budget_month=7)
    expect(budget).to_have_value("7.00")  # saved, so nothing of mine is left in the field


def test_what_is_typed_after_saving_stays_when_something_else_is_done(signed_in, person):
    admin = person()
    page = signed_in(admin, SETTINGS)
    budget = page.get_by_label("Organisation, a month")
    budget.fill("25")
    budget.press("Enter")
    expect(budget).to_have_value("25.00")
    expect(page.get_by_role("status").filter(has_text="Changed: month's budget")).to_be_visible()
    budget.fill("40")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    change(admin, budget_day=4)
    expect(page.get_by_label("Organisation, a day")).to_have_value("4.00")
    expect(budget).to_have_value("40")
    assert kept(admin).budget_month is None


@pytest.fixture(autouse=True)
def _offered_here_too(settings):
    settings.COPILOT_MODELS = [MODEL]


def change(who: Membership, **values) -> None:
    actor = Actor.for_membership(who, face=Face.WEB)
    proposal = change_copilot_settings.proposal(actor, **values)
    change_copilot_settings.call(actor, values, confirmed=proposal.digest)


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_who_may_not_change_them_reads_why_and_has_no_way_there(new_page, offering, signed_in, person, role):
    page = signed_in(person(role), SPENDING)
    expect(page.get_by_role("link", name="Budgets")).to_have_count(0)
    answer = page.request.get(f"{offering}{SETTINGS}")
    assert answer.status == 403
    page.set_content(answer.text())  # visited, it would be an error in the browser's console
    expect(page.locator("body")).to_contain_text(f"Your role ({role})")
    expect(page.locator("body")).not_to_contain_text(MODEL)


def test_everything_is_done_from_the_keyboard(signed_in, person):
    admin = person()
    page = signed_in(admin, SETTINGS)
    tab_to(page, page.get_by_label("builtin/planner"))
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label(MODEL)).to_be_checked()
    tab_to(page, panel(page, "Model").get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    tab_to(page, dialog.get_by_role("button", name="Send questions"))
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Changed: model")
    tab_to(page, page.get_by_label("Organisation, a month"))
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Changed: month's budget")
    assert (kept(admin).model, kept(admin).budget_month) == (MODEL, 25)


def tab_to(page: Page, wanted: Locator) -> None:
    """With the Tab key alone, once around the page at most."""
    for _ in range(120):
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


def test_values_that_make_no_sense_are_sentences_beside_their_fields(signed_in, person):
    admin = person()
    page = signed_in(admin, SETTINGS)
    page.get_by_label("Organisation, a month").fill("-5")
    page.get_by_label("Each person, a day").fill("much")
    panel(page, "Budgets, in US dollars").get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    wrong = dialog.locator("[aria-invalid=true]")
    expect(wrong).to_have_count(2)
    assert described(page, wrong.nth(0)).startswith(
        "Organisation, a month ('-5'): should be greater than or equal to 0."
    )
    assert described(page, wrong.nth(1)).startswith("Each person, a day ('much'): should be a number.")
    expect(dialog.get_by_label("Each person, a day")).to_have_value("much")
    assert violations(page) == []
    wrong.nth(0).fill("5")
    wrong.nth(1).fill("")
    dialog.get_by_role("button", name=re.compile("Save|Change")).click()
    expect(page.locator("#toasts")).to_contain_text("Changed: month's budget")
    assert (kept(admin).budget_month, kept(admin).user_budget_day) == (5, None)


def test_a_cap_above_the_server_s_is_refused_beside_its_field(signed_in, person):
    page = signed_in(person(), SETTINGS)
    page.get_by_label("Model calls in one answer").fill("5000")
    panel(page, "Caps of one answer").get_by_role("button", name="Save").click()
    wrong = page.get_by_role("dialog").locator("[aria-invalid=true]")
    expect(wrong).to_have_count(1)
    assert "at most 8" in described(page, wrong)


def described(page: Page, field: Locator) -> str:
    """What a screen reader says of the field beside its name."""
    words: str = field.evaluate(
        "(one) => (one.getAttribute('aria-describedby') ?? '').split(' ')"
        ".map((id) => document.getElementById(id)?.textContent ?? '').join(' ')"
    )
    return words


# --- spending ---


def test_spending_is_seen_by_day_person_and_model_for_any_time_and_taken_along(signed_in, person, tmp_path):
    admin, colleague = person(), person("viewer")
    today = spent(admin, "1.25")
    spent(colleague, "0.50", model="openai/gpt-4o")
    long_ago = spent(admin, "7.00", days_ago=70)
    page = signed_in(admin, SPENDING)
    expect(panel(page, "Key figures")).to_contain_text("$1.75")
    expect(panel(page, "Person").locator("tbody tr")).to_have_count(2)
    expect(panel(page, "Person").locator("tbody tr").first).to_contain_text("$1.25")
    expect(panel(page, "Model").locator("tbody tr")).to_have_text([re.compile(MODEL), re.compile("gpt-4o.*0.50")])
    expect(panel(page, "Day").locator("tbody tr")).to_have_count(1)
    expect(panel(page, "By day").locator("svg.main-svg").first).to_be_visible()
    assert violations(page) == []
    page.get_by_label("First day").fill(str(long_ago))
    expect(panel(page, "Key figures")).to_contain_text("$8.75")
    expect(panel(page, "Day").locator("tbody tr")).to_have_count(2)
    assert f"start_date={long_ago}" in page.url
    page.reload()
    expect(panel(page, "Key figures")).to_contain_text("$8.75")
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    begun.value.save_as(tmp_path / "spending.csv")
    with (tmp_path / "spending.csv").open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert {one["Day"] for one in lines} == {str(today), str(long_ago)}
    assert sum(Decimal(one["US dollars"]) for one in lines) == Decimal("8.75")


def test_a_time_without_a_call_and_a_time_that_cannot_be_say_so(signed_in, person):
    admin = person()
    spent(admin, "1.25")
    page = signed_in(admin, f"{SPENDING}?start_date=2020-01-01&end_date=2020-01-31")
    expect(page.locator("#spending")).to_contain_text("No model was asked in this time")
    expect(page.locator("#spending")).to_contain_text("The offline planner costs nothing")
    assert violations(page) == []
    page.get_by_label("Last day").fill("2019-01-01")
    expect(page.get_by_role("alert")).to_contain_text("is after the last one")
    page.get_by_role("link", name="Show this month").click()
    expect(panel(page, "Key figures")).to_contain_text("$1.25")


def test_a_person_sees_their_own_spending_and_what_is_left_to_them(signed_in, person):
    viewer, admin = person("viewer"), person()
    change(admin, user_budget_month=2)
    spent(admin, "7.77")
    spent(viewer, "0.50")
    page = signed_in(viewer, SPENDING, PHONE, "dark")
    expect(panel(page, "Key figures")).to_contain_text("You spent$0.50", use_inner_text=False)
    expect(panel(page, "Key figures")).to_contain_text("$1.50 left")
    expect(page.locator("#spending")).not_to_contain_text("7.77")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_budget_that_is_reached_is_said_where_it_is_set_and_where_it_is_spent(signed_in, person):
    admin = person()
    change(admin, budget_month=5)
    spent(admin, "5.00")
    page = signed_in(admin, SPENDING)
    limit = page.locator(".stat", has_text="The organisation's budget for this month")
    expect(limit).to_contain_text("$0.00 left")
    expect(limit).to_contain_text("Reached")
    page.get_by_role("link", name="Budgets").click()
    expect(page.locator("#copilot-budget_month-help")).to_contain_text("$5.00 used")
    expect(page.locator("#copilot-budget_month-help")).to_contain_text("reached")
    assert violations(page) == []
