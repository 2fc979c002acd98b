"""Sessions, passwords and sign-in: where one is signed in, how it ends, and what is told to whom."""

import logging
import re

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from iotsim.accounts.sessions import device_of
from tests.accounts.limits import forget_limits
from tests.accounts.people import PASSWORD, give_password, new_email, sign_in


@pytest.fixture
def user(make_membership):
    forget_limits()
    return give_password(make_membership("viewer").user)


def test_sessions_are_listed_with_device_and_address_and_this_one_marked(user):
    first, second = sign_in(user), sign_in(user)
    text = second.get("/settings/sessions/").content.decode()
    assert text.count("Firefox on Linux") >= 2 and "127.0.0.1" in text and text.count("this one") == 1
    assert first.get("/").status_code == 200


def test_one_session_is_ended_and_then_all_others(user):
    here, there, elsewhere = sign_in(user), sign_in(user), sign_in(user)
    row = UserSession.objects.get(session_key=there.session.session_key)
    answer = here.post("/settings/sessions/end/", {"session": row.pk}, follow=True)
    assert "signed out" in answer.content.decode()
    assert there.get("/").status_code == 302 and elsewhere.get("/").status_code == 200
    here.post("/settings/sessions/end/", {"which": "others"})
    assert elsewhere.get("/").status_code == 302 and here.get("/").status_code == 200


def test_nobody_ends_a_session_of_somebody_else(user, make_membership):
    theirs = sign_in(give_password(make_membership("viewer").user))
    row = UserSession.objects.get(session_key=theirs.session.session_key)
    answer = sign_in(user).post("/settings/sessions/end/", {"session": row.pk})
    assert answer.status_code == 404 and theirs.get("/").status_code == 200


def test_a_changed_password_ends_every_other_session(user):
    here, there = sign_in(user), sign_in(user)
    given = {"oldpassword": PASSWORD, "password1": "another long sentence", "password2": "another long sentence"}
    assert here.post("/accounts/password/change/", given).status_code == 302
    assert here.get("/").status_code == 200 and there.get("/").status_code == 302
    assert len(UserSession.objects.purge_and_list(user)) == 1


def test_a_forgotten_password_is_chosen_anew_by_mail_and_ends_all_sessions(user, caplog):
    caplog.set_level(logging.INFO)
    there = sign_in(user)
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": user.email})
    [sent] = mail.outbox
    assert "!" not in sent.subject + str(sent.body)
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(sent.body))[1]
    page = browser.get(link, follow=True)
    assert "Choose a new password" in page.content.decode()
    given = {"password1": "another long sentence", "password2": "another long sentence"}
    done = browser.post(page.redirect_chain[-1][0], given, follow=True)
    assert "Password saved" in done.content.decode() and there.get("/").status_code == 302
    assert sign_in(user, "another long sentence").get("/").status_code == 200
    assert link.split("/")[-2] not in caplog.text
    assert "no longer works" in Client().get(link, follow=True).content.decode()


def test_a_reset_says_the_same_for_an_address_without_an_account(user):
    answers = [
        Client().post("/accounts/password/reset/", {"email": one}, follow=True) for one in (user.email, new_email())
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert "Look into your mail" in answers[0].content.decode()


def test_sign_in_is_limited_and_failures_are_logged_without_the_password(user, caplog):
    browser = Client()
    for _ in range(6):
        answer = browser.post("/accounts/login/", {"login": user.email, "password": "guess-of-mine"})
    assert "Too many failed" in answer.content.decode()
    refused = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "Too many failed" in refused.content.decode() and browser.get("/").status_code == 302
    forget_limits()
    assert "sign_in_failed" in caplog.text and user.email in caplog.text and "127.0.0.1" in caplog.text
    assert "guess-of-mine" not in caplog.text


def test_the_address_behind_a_proxy_is_the_one_that_the_proxy_saw(user, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    browser = Client(HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.7")
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert UserSession.objects.get(session_key=browser.session.session_key).ip == "198.51.100.7"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("curl/8.5", "Unknown device"),
        ("", "Unknown device"),
    ],
)  # fmt: skip
def test_a_device_is_named_in_two_words(agent, words):
    assert device_of(agent) == words


def test_signing_up_is_by_invitation_unless_it_is_open(client, database, settings):
    assert "by invitation" in client.get("/accounts/signup/").content.decode()
    settings.SIGNUP_OPEN, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    forget_limits()
    assert "Sign up" in client.get("/accounts/login/").content.decode()
    email = new_email()
    given = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", given, follow=True)
    assert "Confirm your address" in answer.content.decode()
    [sent] = mail.outbox
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(sent.body))[1]
    assert email in client.get(link).content.decode()
    assert client.post(link).status_code == 302
    assert client.post("/accounts/login/", {"login": email, "password": PASSWORD}).status_code == 302


def test_the_admin_has_no_sign_in_of_its_own(client, database):
    answer = client.get("/admin/login/?next=/admin/")
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")


def test_nobody_takes_a_second_address_that_may_be_somebody_elses(user):
    browser = sign_in(user)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/email/", {"action_add": "", "email": new_email()})
    assert user.emailaddress_set.count() <= 1
