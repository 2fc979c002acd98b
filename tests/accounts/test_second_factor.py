"""Second factors: set up with a QR code, asked for at sign-in, and where an organisation asks everybody for one."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.test import Client

from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Conflict, Denied
from iotsim.core.models import Membership
from iotsim.core.organizations import set_second_factor_rule
from tests.accounts.limits import forget_limits
from tests.accounts.people import PASSWORD, give_password, sign_in


@pytest.fixture(autouse=True)
def _no_limits(database):
    forget_limits()


def code_for(secret: str, *, ahead: int = 0) -> str:
    counter = next(iter(yield_hotp_counters_from_time())) + ahead
    return f"{hotp_value(secret, counter):06}"


def set_up(browser: Client) -> tuple[str, list[str]]:
    """Turn the app on as a person does. Returns its secret and the recovery codes."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = browser.get("/accounts/2fa/totp/activate/")
    text = page.content.decode()
    assert "data:image/svg+xml;base64," in text and "<script src" in text
    secret = re.search(r"data-secret>([A-Z2-7]+)<", text)[1]
    done = browser.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)}, follow=True)
    return secret, re.findall(r"<li>(\w{8,})</li>", done.content.decode())


@pytest.fixture
def member(make_membership) -> Membership:
    found = make_membership("owner")
    give_password(found.user)
    return found


def test_changing_factors_asks_again_who_one_is(member):
    answer = sign_in(member.user).get("/accounts/2fa/totp/activate/")
    assert answer.status_code == 302 and "reauthenticate" in answer["Location"]


def test_a_code_of_the_app_is_asked_for_at_sign_in(member):
    browser = sign_in(member.user)
    secret, codes = set_up(browser)
    assert len(codes) == 10
    assert "A code of the app" in browser.get("/settings/security/").content.decode()
    other = Client()
    first = other.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    assert first["Location"].startswith("/accounts/2fa/authenticate/") and other.get("/").status_code == 302
    assert "Incorrect code" in other.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode()
    assert other.post("/accounts/2fa/authenticate/", {"code": code_for(secret, ahead=1)}).status_code == 302
    assert other.get("/").status_code == 200


def test_a_recovery_code_lets_in_once(member):
    _, codes = set_up(sign_in(member.user))

    def come_in_by(code: str) -> int:
        browser = Client()
        browser.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        return browser.get("/").status_code

    assert come_in_by(codes[0]) == 200 and come_in_by(codes[0]) == 302


def test_an_organisation_leads_members_without_one_to_its_set_up(member, make_membership):
    owner = sign_in(member.user)
    set_up(owner)
    actor = Actor.for_membership(member, face=Face.WEB)
    viewer = sign_in(give_password(make_membership("viewer").user))
    assert viewer.get("/sims/").status_code == 200
    set_second_factor_rule(actor, required=True)
    answer = viewer.get("/sims/")
    assert answer.status_code == 302 and answer["Location"] == "/accounts/2fa/"
    assert "Set up an authenticator app" in viewer.get("/accounts/2fa/").content.decode()
    part = viewer.get("/sims/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/accounts/2fa/"
    refused = viewer.get("/api/v1/sims")
    assert refused.status_code == 403 and "second factor" in refused.json()["detail"]
    set_up(viewer)
    assert viewer.get("/sims/").status_code == 200 and owner.get("/sims/").status_code == 200


def test_the_last_factor_stays_while_an_organisation_asks_for_it(member):
    browser = sign_in(member.user)
    set_up(browser)
    set_second_factor_rule(Actor.for_membership(member, face=Face.WEB), required=True)
    assert "cannot be turned off" in browser.get("/accounts/2fa/totp/deactivate/").content.decode()
    browser.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=member.user, type="totp").exists()


def test_nobody_locks_themselves_out(member, make_actor):
    with pytest.raises(Conflict, match="for yourself first"):
        set_second_factor_rule(Actor.for_membership(member, face=Face.WEB), required=True)
    with pytest.raises(Denied):
        set_second_factor_rule(make_actor("manager"), required=True)
