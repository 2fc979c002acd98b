"""People of the tests: with a password, signed in, reading their mail."""

import re
import uuid

from django.core import mail
from django.test import Client

from iotsim.core.models import Invitation, Membership, User
from iotsim.core.tasks import mail_invitation

PASSWORD = "correct horse battery"


def new_email(name: str = "anna") -> str:
    return f"{name}-{uuid.uuid4().hex[:12]}@example.com"


def give_password(user: User, password: str = PASSWORD) -> User:
    user.set_password(password)
    user.save()
    return user


def sign_in(user: User, password: str = PASSWORD) -> Client:
    """A browser in which the person has signed in by the form."""
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    answer = client.post("/accounts/login/", {"login": user.email, "password": password})
    assert answer.status_code == 302, answer.content.decode()
    return client


def mailed_link(invitation: Invitation) -> str:
    """The path in the mail that a worker sends for the invitation."""
    mail.outbox.clear()
    mail_invitation(invitation.pk)
    [sent] = mail.outbox
    assert sent.to == [invitation.email]
    [link] = re.findall(r"http://127\.0\.0\.1(/\S+)", str(sent.body))
    return str(link)


def membership_in(organisation, email: str) -> Membership | None:
    return Membership.objects.filter(organization=organisation, user__email=email).first()
