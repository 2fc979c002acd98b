"""The admin's sidebar: the product's own places, then the platform's. What no group names stands under "More"."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

TITLES = {  # where the model's own name is not how people speak
    "sims.Sim": "SIMs",
    "sims.SimTag": "Tags of SIMs",
    "sims.Intake": "Imports",
    "core.AuditEvent": "Audit log",
    "core.AuditSubject": "Objects of the audit log",
    "core.Organization": "Organisations",
    "core.ApiKey": "API keys",
    "core.Impersonation": "Support sessions",
    "core.ImpersonatedWork": "Asked for by support",
    "copilot.Thread": "Conversations",
    "copilot.RunEvent": "Events",
    "copilot.QueuedRun": "Queue",
    "account.EmailAddress": "E-mail addresses",
    "mfa.Authenticator": "Second factors",
}
GROUPS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "Fleet",
        [
            ("sims.Sim", "sim_card"),
            ("sims.Customer", "apartment"),
            ("sims.Plan", "sell"),
            ("sims.Device", "router"),
            ("sims.Tag", "label"),
            ("sims.SimTag", "new_label"),
            ("sims.StatusChange", "swap_horiz"),
            ("sims.Operator", "cell_tower"),
        ],
    ),
    ("Usage", [("sims.Intake", "upload_file"), ("sims.RefusedRow", "rule"), ("sims.UsageRecord", "data_usage")]),
    (
        "What was done",
        [
            ("core.AuditEvent", "history"),
            ("core.AuditSubject", "travel_explore"),
            ("core.Approval", "fact_check"),
            ("core.Job", "pending_actions"),
            ("core.Upload", "attach_file"),
            ("core.ImpersonatedWork", "support_agent"),
        ],
    ),
    (
        "Copilot",
        [
            ("copilot.Thread", "forum"),
            ("copilot.Run", "smart_toy"),
            ("copilot.RunEvent", "timeline"),
            ("copilot.ToolCall", "build"),
            ("copilot.QueuedRun", "hourglass_empty"),
        ],
    ),
    (
        "Whole platform",
        [
            ("core.Organization", "domain"),
            ("core.User", "person"),
            ("core.Membership", "group"),
            ("core.ApiKey", "key"),
            ("core.Impersonation", "support_agent"),
            ("core.IdempotencyKey", "repeat"),
            ("sessions.Session", "devices"),
            ("account.EmailAddress", "mail"),
            ("mfa.Authenticator", "shield_lock"),
        ],
    ),
    (
        "Schedule",
        [
            ("django_celery_beat.PeriodicTask", "schedule"),
            ("django_celery_beat.CrontabSchedule", "calendar_month"),
            ("django_celery_beat.IntervalSchedule", "timer"),
        ],
    ),
]


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with what is registered and may be seen."""
    named = {label for _, items in GROUPS for label, _ in items}
    rest = [(model._meta.label, "table") for model in admin.site._registry if model._meta.label not in named]
    grouped = [*GROUPS, ("More", sorted(rest))]
    made = [_group(request, title, items, collapsed=title == "More") for title, items in grouped]
    return [group for group in made if group["items"]]


def _group(request: HttpRequest, title: str, items: list[tuple[str, str]], *, collapsed: bool) -> dict[str, Any]:
    shown = [_item(label, icon) for label, icon in items if _may_see(request, label)]
    return {"title": title, "collapsible": collapsed, "items": shown}


def _may_see(request: HttpRequest, label: str) -> bool:
    app, _, _ = label.partition(".")
    if not apps.is_installed(app) and app not in {one.label for one in apps.get_app_configs()}:
        return False
    model = apps.get_model(label)
    return admin.site.is_registered(model) and admin.site.get_model_admin(model).has_view_permission(request)


def _item(label: str, icon: str) -> dict[str, Any]:
    meta = apps.get_model(label)._meta
    link = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return {"title": TITLES.get(label, str(meta.verbose_name_plural).capitalize()), "icon": icon, "link": link}


def environment(request: HttpRequest) -> list[str]:
    """Which installation this is, so that nobody takes one for another."""
    if settings.DEBUG:
        return ["Debug", "danger"]
    return ["This machine", "info"] if settings.LOCAL else ["Production", "warning"]


def subheader(request: HttpRequest) -> str:
    chosen = getattr(request, "iotsim_organization", None)
    return str(chosen) if chosen else "No organisation chosen"
