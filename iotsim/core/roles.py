"""Who may do what: permissions, and the roles that bundle them."""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    VIEW = "view"  # fleet, usage, alerts, reports
    REPORT = "report"  # make reports, charts, exports; read the audit log
    OPERATE = "operate"  # status, tags, quota, imports, tickets, alerts
    MONEY = "money"  # plans, quota upward, advice, approvals, mandates
    KEYS = "keys"  # API keys of one's own, developer tools
    ADMINISTER = "administer"  # members, organisation, carriers, models, budgets
    OWN = "own"  # delete or transfer the organisation

    @property
    def words(self) -> str:
        """What it allows, in a few words."""
        return PERMISSION_WORDS[self]


PERMISSION_WORDS = {
    Permission.VIEW: "see the fleet, usage and alerts",
    Permission.REPORT: "make reports, read the audit log",
    Permission.OPERATE: "change SIMs, import files",
    Permission.MONEY: "change plans and quotas, approve",
    Permission.KEYS: "manage API keys",
    Permission.ADMINISTER: "manage members and the organisation",
    Permission.OWN: "delete or hand over the organisation",
}


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    ANALYST = "analyst"
    DEVELOPER = "developer"
    VIEWER = "viewer"

    @property
    def words(self) -> str:
        """What somebody in it may do, in a few words."""
        return ROLE_WORDS[self]


ROLE_WORDS = {
    Role.OWNER: "everything",
    Role.ADMIN: "everything but the organisation itself",
    Role.MANAGER: "runs the fleet, spends and approves",
    Role.ANALYST: "sees everything, makes reports",
    Role.DEVELOPER: "sees everything, has API keys",
    Role.VIEWER: "only looks",
}


def scopes_of(names: Iterable[str] | None) -> frozenset[Permission] | None:
    """Scopes as they are kept with a key, a job or an approval; None stands for all that the role allows."""
    return None if names is None else frozenset(Permission(one) for one in names)


def names_of(scopes: Iterable[Permission] | None) -> list[str] | None:
    """Scopes as they are kept: the names in a fixed order."""
    return None if scopes is None else sorted(one.value for one in scopes)


_MANAGER = {Permission.VIEW, Permission.REPORT, Permission.OPERATE, Permission.MONEY}
_ADMIN = _MANAGER | {Permission.KEYS, Permission.ADMINISTER}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(_ADMIN | {Permission.OWN}),
    Role.ADMIN: frozenset(_ADMIN),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ANALYST: frozenset({Permission.VIEW, Permission.REPORT}),
    Role.DEVELOPER: frozenset({Permission.VIEW, Permission.KEYS}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}
