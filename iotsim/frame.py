"""What the frame around every page shows: the places one may go, their counts, the organisation, the person."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from iotsim.core import impersonation, registry
from iotsim.core.access import actor_of, memberships_of
from iotsim.core.actor import Actor
from iotsim.core.bell import list_notifications
from iotsim.core.errors import Denied
from iotsim.core.models import ApprovalState, Impersonation, Membership, Organization
from iotsim.core.roles import Permission
from iotsim.core.services import list_approvals


@dataclass(frozen=True)
class Place:
    """An entry of the navigation."""

    name: str
    icon: str
    url: str
    current: bool
    count: int = 0
    count_id: str = ""  # where the count is kept live: its element, the kind of object, the page that tells it
    count_kind: str = ""
    count_from: str = ""


PLACES = [
    ("Dashboard", "layout-dashboard", "dashboard", Permission.VIEW),
    ("SIMs", "device-sim", "sims", Permission.VIEW),
    ("Customers", "building", "customers", Permission.VIEW),
    ("Plans", "receipt", "plans", Permission.VIEW),
    ("Alerts", "bell-ringing", "alerts", Permission.VIEW),
    ("Anomalies", "activity", "anomalies", Permission.VIEW),
    ("Savings", "coin", "savings", Permission.VIEW),
    ("Models", "robot", "models", Permission.VIEW),
    ("Usage imports", "file-import", "imports", Permission.VIEW),
    ("Reports", "report-analytics", "reports", Permission.VIEW),
    ("Approvals", "clipboard-check", "approvals", Permission.VIEW),
    ("Audit log", "history", "audit", Permission.REPORT),
]


# What a place of the navigation counts: the frame's own word, the badge's id, and what a change of it is called.
BADGES = {
    "Approvals": ("pending_approvals", "waiting-count", "approval"),
    "Alerts": ("critical_alerts", "alert-count", "alert"),
    "Anomalies": ("critical_anomalies", "anomaly-count", "anomaly"),
}
TABS = [
    ("Profile", "profile", Permission.VIEW),
    ("Security", "security", Permission.VIEW),
    ("Sessions", "sessions", Permission.VIEW),
    ("API keys", "api_keys", Permission.KEYS),
    ("Members", "members", Permission.VIEW),
    ("Organisation", "organization_settings", Permission.ADMINISTER),
    ("Copilot", "copilot_settings", Permission.ADMINISTER),
]


def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


class Frame:
    """What the frame around a page shows; asked for by the template, so that fragments cost nothing."""

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        self.request, self.actor = request, actor
        self.person, self.role = actor.name, actor.role

    @cached_property
    def support(self) -> Impersonation | None:
        """The support session under way, for the banner."""
        number = self.actor.impersonation_id
        return Impersonation.objects.select_related("staff", "user").get(pk=number) if number else None

    @cached_property
    def memberships(self) -> list[Membership]:
        if self.support is not None:
            return [impersonation.membership_of(self.support)]
        return memberships_of(self.request.user)

    @cached_property
    def organization(self) -> Organization:
        mine = self.actor.organization_id
        return next(one.organization for one in self.memberships if one.organization_id == mine)

    @property
    def may_operate(self) -> bool:
        return self.actor.may(Permission.OPERATE)

    @property
    def may_spend(self) -> bool:
        return self.actor.may(Permission.MONEY)

    @property
    def may_report(self) -> bool:
        return self.actor.may(Permission.REPORT)

    @cached_property
    def pending_approvals(self) -> int:
        """Those that this person may decide, up to fifty."""
        return sum(one.may_decide for one in list_approvals(self.actor, state=ApprovalState.PENDING).items)

    @cached_property
    def critical_alerts(self) -> int:
        """Those nobody has looked at yet, up to a hundred."""
        asked = {"severity": "critical", "status": "open", "limit": 1}
        return int(registry.get("list_alerts").call(self.actor, asked).result.critical)  # type: ignore[attr-defined]

    @cached_property
    def critical_anomalies(self) -> int:
        """Critical ones that last and that nobody has marked."""
        asked = {"severity": "critical", "status": "lasting", "limit": 1}
        return int(registry.get("check_anomalies").call(self.actor, asked).result.critical)  # type: ignore[attr-defined]

    @cached_property
    def unread(self) -> int:
        return list_notifications(self.actor, limit=1).unread

    @cached_property
    def tabs(self) -> list[Place]:
        """The pages of the settings that one may see, those that this installation has."""
        mine = [(name, route) for name, route, permission in TABS if self.actor.may(permission)]
        return [self._place(name, "", url) for name, route in mine if (url := _address(route))]

    @property
    def in_settings(self) -> bool:
        return self.request.path.startswith("/settings/")

    @property
    def manages(self) -> bool:
        """Whether one may change who belongs to the organisation."""
        return self.actor.may(Permission.ADMINISTER) and self.actor.customer_ids is None

    @property
    def owns(self) -> bool:
        return self.actor.may(Permission.OWN)

    @cached_property
    def places(self) -> list[Place]:
        return [
            self._place(name, icon, reverse(route))
            for name, icon, route, permission in PLACES
            if self.actor.may(permission)
        ]

    def _place(self, name: str, icon: str, url: str) -> Place:
        path = self.request.path
        current = path == url if url == "/" else path.startswith(url)
        if name not in BADGES:
            return Place(name, icon, url, current)
        count, element, kind = BADGES[name]
        return Place(name, icon, url, current, getattr(self, count), element, kind, url)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame` for signed-in members, and for others whether they may sign up."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"signup_open": settings.SIGNUP_OPEN}
    try:
        return {"frame": Frame(request, actor_of(request))}
    except Denied:
        return {}
