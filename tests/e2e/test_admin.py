"""Staff in the admin, in a real browser: nothing that the policy forbids, nothing too wide, support and back."""

import re
import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from iotsim.core.models import AuditEvent, User
from iotsim.core.tenancy import tenant
from tests.e2e.conftest import PASSWORD, PHONE, WIDE, Fleet, Visit

PAGES = [
    "/admin/",
    "/admin/organization/",
    "/admin/sims/sim/",
    "/admin/sims/sim/?q=3456",
    "/admin/sims/plan/",
    "/admin/core/auditevent/",
    "/admin/core/organization/add/",
    "/admin/core/user/",
    "/admin/django_celery_beat/periodictask/add/",
    "/admin/act/create_customer/?edit=1&fields=name+reference",
]


def sign_in(new_page: Visit, fleet: Fleet, viewport: dict[str, int], scheme: str) -> Page:
    """One of the staff at the admin, looking at the fleet's organisation."""
    email = f"staff-{uuid.uuid4().hex[:12]}@example.com"
    User.objects.create_superuser(email, PASSWORD)
    page = new_page(viewport, scheme)
    page.goto("/admin/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")
    page.goto(f"/admin/organization/?q={fleet.organisation.slug}")
    page.locator(f"button[value='{fleet.organisation.slug}']").click()
    expect(page.locator(".looking-at")).to_contain_text(f"Organisation {fleet.organisation.name}")
    return page


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_pages_work_under_the_policy(new_page: Visit, fleet: Fleet, viewport: dict[str, int], scheme: str):
    page = sign_in(new_page, fleet, viewport, scheme)
    for address in PAGES:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        expect(page.locator("h1").first).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{address} is {width} wide"


def test_support_acts_as_the_member_and_comes_back(new_page: Visit, fleet: Fleet):
    page = sign_in(new_page, fleet, WIDE, "light")
    page.goto(f"/admin/core/membership/?q={fleet.email}")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("link", name="Act as this member").click()
    page.get_by_label("Reason").fill("They see no usage")
    page.get_by_role("button", name="Act as a member").click()
    banner = page.get_by_role("region", name="Support session")
    expect(banner).to_contain_text(f"acts as {fleet.email} until")
    page.get_by_role("link", name="SIMs", exact=True).click()
    expect(page.get_by_title("truck-00")).to_be_visible()
    expect(banner).to_contain_text("They see no usage")

    def slowly(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        page.wait_for_timeout(3000)
        route.fulfill(response=answer)

    page.route(re.compile("/support/end"), slowly)
    # Parts of the page are being fetched when it is left, and more changes while the answer is on its way.
    for delay in (0, 150, 1500):
        page.evaluate("(ms) => void setTimeout(() => document.dispatchEvent(new Event('iotsim:changed')), ms)", delay)
    banner.get_by_role("button", name="End").click()
    page.wait_for_url(re.compile("/admin/$"))
    with tenant(fleet.organisation.pk):
        services = set(AuditEvent.objects.values_list("service", flat=True))
    assert {"start_impersonation", "end_impersonation"} <= services
