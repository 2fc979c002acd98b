"""The addresses of settings that concern oneself, and of invitations."""

from django.urls import path
from django.views.generic import RedirectView

from iotsim.accounts import views

urlpatterns = [
    path("settings/", RedirectView.as_view(pattern_name="profile"), name="settings"),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/security/", views.security, name="security"),
    path("settings/sessions/", views.list_sessions, name="sessions"),
    path("settings/sessions/end/", views.end_session, name="end_session"),
    path("invitations/accept/", views.accept_invitation, name="accept_invitation"),
]
