"""Accounts in a real browser: an invitation from end to end, an API key, second factors, and every settings page."""

import re

import pytest
from playwright.sync_api import expect

from iotsim.core.models import Membership
from tests.accounts.people import PASSWORD, give_password, new_email
from tests.e2e.conftest import PHONE, WIDE, Visit
from tests.e2e.test_every_page import settled, violations

PAGES = ["/settings/profile/", "/settings/security/", "/settings/sessions/", "/settings/keys/", "/settings/members/"]


def sign_in(page, email: str) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def owner(make_membership) -> Membership:
    found = make_membership("owner")
    give_password(found.user)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_settings_page_is_readable_for_everybody(new_page: Visit, owner, viewport, scheme):
    page = new_page(viewport, scheme)
    sign_in(page, owner.user.email)
    for address in PAGES:
        settled(page, address)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], address


def test_an_invitation_from_the_page_to_the_dashboard(new_page: Visit, owner, organisation):
    page, email = new_page(), new_email()
    sign_in(page, owner.user.email)
    page.goto("/settings/members/")
    page.locator("#invite-email").fill(email)
    page.locator("#invite-role").select_option("analyst")
    page.get_by_role("button", name="Send invitation").click()
    shown = page.locator("[data-shown-once]")
    expect(shown).to_contain_text("/invitations/accept/?token=")
    link = re.search(r"(/invitations/\S+)", shown.inner_text())[1]
    expect(page.locator("#invitations")).to_contain_text(email)
    guest = new_page(PHONE, "dark")
    guest.goto(link)
    assert violations(guest) == []
    guest.get_by_label("Your name").fill("Anna Schmidt")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Create account and join").click()
    expect(guest.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.reload()
    row = page.locator("#members tr", has_text=email)
    expect(row).to_contain_text("Anna Schmidt")
    row.get_by_role("button").click()
    row.get_by_role("button", name="Change role").click()
    page.get_by_role("dialog").get_by_label("Manager").check()
    page.get_by_role("dialog").get_by_role("button", name="Change role").click()
    expect(page.locator("#toasts")).to_contain_text("is now a manager")
    expect(page.locator("#members tr", has_text=email)).to_contain_text("Manager")


def test_a_key_is_made_after_the_password_and_shown_once(new_page: Visit, owner):
    page = new_page()
    sign_in(page, owner.user.email)
    page.goto("/settings/keys/")
    page.get_by_role("link", name="Create API key").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Nightly import")
    assert violations(page) == []
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("[data-shown-once]")).to_contain_text("iot_")
    expect(page.locator("#keys")).to_contain_text("Nightly import")
    page.goto("/settings/keys/")
    expect(page.locator("#page")).not_to_contain_text("curl")
    page.get_by_role("button", name="Revoke Nightly import").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke API key").click()
    expect(page.locator("#keys")).to_contain_text("Revoked")


def test_a_security_key_is_added_and_then_asked_for(new_page: Visit, owner, site):
    page = new_page()
    here = site.replace("127.0.0.1", "localhost")  # browsers give no security key to a bare address
    page.goto(here)
    page.get_by_label("E-mail").fill(owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    page.goto(f"{here}/settings/security/")
    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(f"{here}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill(owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
