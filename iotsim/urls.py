"""The map of addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from iotsim import approving, health, metrics, web
from iotsim.api import api, unknown

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.show),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("", include("iotsim.accounts.urls")),
    path("admin/", admin.site.urls),
    path("act/<slug:name>/", web.act, name="act"),
    path("approvals/<int:approval>/edit/", approving.edit, name="edit_approval"),
    path("support/end/", web.end_support, name="end_support"),
    path("organization/", web.choose_organization, name="choose_organization"),
    path("", include("sims.urls")),
    path("", include("analytics.urls")),
    path("", include("copilot.urls")),
    path("", include("iotsim.core.urls")),
    path("api/v1/", api.urls),
    path("api/v1/<path:rest>", unknown),
]
