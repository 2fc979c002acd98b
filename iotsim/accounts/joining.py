"""Accepting an invitation: who may, and what a new person gives."""

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.http import HttpRequest

from iotsim.core import invitations
from iotsim.core.access import ORGANIZATION
from iotsim.core.errors import Denied
from iotsim.core.membership import role_words
from iotsim.core.models import Invitation, User


class JoinForm(forms.Form):
    """A new person's name and password."""

    name = forms.CharField(label="Your name", max_length=120, required=False)
    password = forms.CharField(label="Password", widget=forms.PasswordInput, strip=False)

    def __init__(self, *args: Any, email: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.email = email
        self.fields["name"].widget.attrs.update({"class": "form-control", "autocomplete": "name"})
        self.fields["password"].widget.attrs.update({"class": "form-control", "autocomplete": "new-password"})
        self.fields["name"].help_text = "What your colleagues see."
        self.fields["password"].help_text = "At least 8 characters, and none that many people use."

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


@dataclass(frozen=True)
class Joining:
    """An invitation, as whoever opened its link meets it."""

    row: Invitation
    token: str
    signed_in_as: str  # empty: nobody
    is_new: bool  # nobody has an account with this address yet

    @classmethod
    def of(cls, request: HttpRequest, row: Invitation, token: str) -> "Joining":
        signed_in = request.user.email if isinstance(request.user, User) else ""
        return cls(row, token, signed_in, not User.objects.filter(email__iexact=row.email).exists())

    @property
    def email(self) -> str:
        return self.row.email

    @property
    def role(self) -> str:
        return role_words(self.row.role)

    @property
    def is_other(self) -> bool:
        """Somebody else is signed in."""
        return bool(self.signed_in_as) and self.signed_in_as.lower() != self.email

    @property
    def may_join(self) -> bool:
        return not self.is_other and (self.is_new or bool(self.signed_in_as))


def join(request: HttpRequest, joining: Joining, form: JoinForm) -> User:
    """Make the membership, and the account before it if there is none; all or nothing. Raises IotsimError."""
    with transaction.atomic():
        user = _new_person(joining, form) if joining.is_new else User.objects.get(email__iexact=joining.email)
        if not user.is_active:
            raise Denied("This account may not sign in any more.")
        invitations.take_up(joining.row, user)
    request.session[ORGANIZATION] = joining.row.organization_id
    return user


def _new_person(joining: Joining, form: JoinForm) -> User:
    given = form.cleaned_data
    user = User.objects.create_user(joining.email, given["password"], name=given["name"])
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user
