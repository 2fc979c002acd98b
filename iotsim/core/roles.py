"""Who may do what: permissions, and the roles that bundle them."""

from enum import StrEnum


class Permission(StrEnum):
    VIEW = "view"  # fleet, usage, alerts, reports
    REPORT = "report"  # make reports, charts, exports; read the audit log
    OPERATE = "operate"  # status, tags, quota, imports, tickets, alerts
    MONEY = "money"  # plans, quota upward, advice, approvals, mandates
    KEYS = "keys"  # API keys of one's own, developer tools
    ADMINISTER = "administer"  # members, organisation, carriers, models, budgets
    OWN = "own"  # delete or transfer the organisation


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    ANALYST = "analyst"
    DEVELOPER = "developer"
    VIEWER = "viewer"


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
