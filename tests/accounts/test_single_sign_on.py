"""Single sign-on at a real provider over HTTP: who comes in, who does not, and what is told."""

from collections.abc import Iterator

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from iotsim import env
from iotsim.core.invitations import invite_member
from iotsim.core.models import User
from tests.accounts.limits import forget_limits
from tests.accounts.people import membership_in, new_email
from tests.accounts.provider import Provider, come_back


@pytest.fixture
def provider(settings, database) -> Iterator[Provider]:
    forget_limits()
    made = Provider()
    apps = env.oidc(made.issuer, made.client_id, made.client_secret)
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": apps}}
    yield made
    made.stop()


def sign_in_there(provider: Provider, email: str, *, verified: object = True, name: str = "Anna Schmidt"):
    """Press the button, be known at the provider, come back. Returns the browser and the last answer."""
    provider.person = {"sub": email, "email": email, "email_verified": verified, "name": name}
    browser = Client()
    sent = browser.post("/accounts/oidc/sso/login/?process=login")
    assert sent.status_code == 302 and sent["Location"].startswith(f"{provider.issuer}/authorize?")
    return browser, browser.get(come_back(sent["Location"]))


def test_the_button_is_there_only_when_a_provider_is_set(client, provider, settings):
    assert "Sign in with single sign-on" in client.get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": env.oidc("", "", "")}}
    assert "Sign in with single" not in client.get("/accounts/login/").content.decode()


def test_a_member_comes_in_by_the_confirmed_address(provider, make_membership):
    member = make_membership("analyst")
    browser, answer = sign_in_there(provider, member.user.email)
    assert answer.status_code == 302 and answer["Location"] == "/" and browser.get("/").status_code == 200
    assert {"/.well-known/openid-configuration", "/authorize", "/token", "/userinfo"} <= set(provider.asked)
    assert SocialAccount.objects.get(user=member.user).uid == member.user.email
    again, _ = sign_in_there(provider, member.user.email)
    assert again.get("/").status_code == 200 and SocialAccount.objects.filter(user=member.user).count() == 1


def test_somebody_invited_comes_in_and_is_a_member_at_once(provider, actor, organisation):
    email = new_email()
    invite_member(actor, email=email, role="analyst")
    browser, answer = sign_in_there(provider, email)
    assert answer.status_code == 302 and browser.get("/").status_code == 200
    member = membership_in(organisation, email)
    assert member is not None and (member.role, member.user.name) == ("analyst", "Anna Schmidt")
    assert not member.user.has_usable_password()


def test_a_stranger_is_told_to_ask_for_an_invitation(provider):
    email = new_email()
    browser, answer = sign_in_there(provider, email)
    text = answer.content.decode()
    assert answer.status_code == 403 and f"{email} has no account here and no invitation" in text
    assert browser.get("/").status_code == 302 and not User.objects.filter(email=email).exists()


@pytest.mark.parametrize("verified", [False, "false", None])
def test_an_address_that_the_provider_has_not_confirmed_opens_nothing(provider, make_membership, verified):
    member = make_membership("owner")
    browser, answer = sign_in_there(provider, member.user.email, verified=verified)
    assert answer.status_code == 403 and "has not confirmed" in answer.content.decode()
    assert browser.get("/").status_code == 302 and not SocialAccount.objects.filter(user=member.user).exists()


def test_an_account_that_was_closed_stays_closed(provider, make_membership):
    member = make_membership("owner")
    member.user.is_active = False
    member.user.save()
    browser, _ = sign_in_there(provider, member.user.email)
    assert browser.get("/").status_code == 302


def test_a_code_that_was_not_asked_for_here_is_refused(provider, make_membership):
    provider.person = {"sub": "x", "email": make_membership("owner").user.email, "email_verified": True}
    sent = Client().post("/accounts/oidc/sso/login/?process=login")
    stranger = Client()
    answer = stranger.get(come_back(sent["Location"]))
    assert "Single sign-on failed" in answer.content.decode() and stranger.get("/").status_code == 302


def test_a_second_factor_set_up_here_is_asked_for_too(provider, make_membership):
    from allauth.mfa.models import Authenticator

    member = make_membership("owner")
    Authenticator.objects.create(user=member.user, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    browser, answer = sign_in_there(provider, member.user.email)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/") and browser.get("/").status_code == 302
