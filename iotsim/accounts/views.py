"""Pages about oneself (profile, security, sessions), and the page on which an invitation is accepted."""

from typing import Any

from allauth.account.utils import perform_login
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from iotsim.accounts import sessions
from iotsim.accounts.joining import JoinForm, Joining, join
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.invitations import find_invitation
from iotsim.core.models import User


@require_GET
@page
def profile(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's name, address and organisations."""
    return render(request, "core/profile.html", {"person": User.objects.get(pk=actor.user_id or 0)})


@require_GET
@page
def security(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Password, second factors and single sign-on of one's own."""
    person = User.objects.get(pk=actor.user_id or 0)
    factors: dict[str, list[Any]] = {}
    for one in Authenticator.objects.filter(user=person).order_by("pk"):
        factors.setdefault(one.type, []).append(one.wrap())
    linked = SocialAccount.objects.filter(user=person).exists()
    return render(request, "core/security.html", {"person": person, "factors": factors, "linked": linked})


@require_GET
@page
def list_sessions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Where one is signed in."""
    return render(request, "core/sessions.html", {"sessions": sessions.sessions_of(request)})


@require_POST
@page
def end_session(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Sign out one session, or all others."""
    if request.POST.get("which") == "others":
        count = sessions.end_other_sessions(request)
        messages.success(request, f"Signed out everywhere else ({count}).")
    else:
        sessions.end_session(request, int(request.POST.get("session", "0")))
        messages.success(request, "That session is signed out.")
    return redirect("sessions")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest) -> HttpResponseBase:
    """What the link of an invitation opens: join as oneself, or set up an account first."""
    token = (request.POST if request.method == "POST" else request.GET).get("token", "")
    try:
        joining = Joining.of(request, find_invitation(token), token)
        if request.method == "GET" or not joining.may_join:
            return render(request, "core/accept.html", {"joining": joining, "form": JoinForm()})
        form = JoinForm(request.POST, email=joining.email)
        if joining.is_new and not form.is_valid():
            return render(request, "core/accept.html", {"joining": joining, "form": form}, status=422)
        user = join(request, joining, form)
    except IotsimError as error:
        return render(request, "core/accept.html", {"error": error}, status=error.status)
    if request.user.is_authenticated:
        return redirect("/")
    answer: HttpResponseBase = perform_login(request, user, email_verification=None, redirect_url="/")
    return answer
