"""Where allauth asks us: who may have an account, which addresses are trusted, when a second factor may go."""

import ipaddress
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.shortcuts import render

from iotsim.core import invitations
from iotsim.core.models import Membership, User
from iotsim.core.second_factor import FACTORS

log = structlog.get_logger("iotsim.accounts")
NOBODY = "0.0.0.0"  # noqa: S104 (an address to count by where a unix socket gives none, not one to listen on)


class Accounts(DefaultAccountAdapter):
    """Accounts come by invitation, unless SIGNUP_OPEN says that anyone may sign up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Who tried, from where; the password is no part of it."""
        email = str(credentials.get("email") or credentials.get("username") or "")
        log.warning("sign_in_failed", email=email[:254], address=client_address(request))
        super().authentication_failed(request, **credentials)


def client_address(request: HttpRequest) -> str:
    """The address of whoever asks, through the one trusted proxy if there is one; never a word of their own."""
    try:
        return str(ipaddress.ip_address(get_client_ip(request) or NOBODY))
    except ValueError:
        return NOBODY


class SecondFactors(DefaultMFAAdapter):
    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last factor stays while one of the person's organisations asks for it."""
        rest = Authenticator.objects.filter(user=authenticator.user, type__in=FACTORS).exclude(pk=authenticator.pk)
        asked = Membership.objects.filter(user=authenticator.user, organization__requires_second_factor=True)
        return rest.exists() or not asked.exists()


class SingleSignOn(DefaultSocialAccountAdapter):
    """One provider, named by the operator. It lets in whoever has an account or an invitation here, by an address
    that the provider has confirmed."""

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[AbstractUser, str] | None:
        return super().authenticate_by_email(sociallogin) if confirmed_address(sociallogin) else None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Raises ImmediateHttpResponse with a page that says why somebody may not come in."""
        if sociallogin.is_existing:
            return
        if not confirmed_address(sociallogin):
            raise _refused(request, "Your provider has not confirmed an e-mail address of yours, so it cannot be used.")
        if not self.is_open_for_signup(request, sociallogin):
            sentence = "has no account here and no invitation that is still good."
            raise _refused(request, f"{confirmed_address(sociallogin)} {sentence}")

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return bool(settings.SIGNUP_OPEN) or invitations.waiting_for(confirmed_address(sociallogin)).exists()

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        user.name = (str(data.get("name") or " ".join(filter(None, parts))) or "")[:120]
        user.first_name = user.last_name = ""
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> AbstractBaseUser:
        """A new person takes up every invitation that waits for the confirmed address."""
        user: User = super().save_user(request, sociallogin, form)
        for row in invitations.waiting_for(confirmed_address(sociallogin)):
            invitations.take_up(row, user)
        return user


def confirmed_address(sociallogin: SocialLogin) -> str:
    """The address that the provider says it has confirmed, else nothing. Some say so as text."""
    found = (one.email for one in sociallogin.email_addresses if one.verified in (True, "true"))
    return next(found, "").lower()


def _refused(request: HttpRequest, sentence: str) -> ImmediateHttpResponse:
    log.warning("single_sign_on_refused", reason=sentence, address=client_address(request))
    return ImmediateHttpResponse(render(request, "socialaccount/refused.html", {"sentence": sentence}, status=403))
