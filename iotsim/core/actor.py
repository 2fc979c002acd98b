"""Who acts: the first argument of every service."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from iotsim.core.errors import Denied
from iotsim.core.roles import PERMISSIONS, Permission, Role

if TYPE_CHECKING:
    from iotsim.core.models import Membership, Organization, User


class Face(StrEnum):
    """The door by which a call came in."""

    WEB = "web"
    API = "api"
    COPILOT = "copilot"
    AGENT = "agent"
    MCP = "mcp"
    CLI = "cli"
    SYSTEM = "system"
    ADMIN = "admin"


MACHINES = frozenset({Face.COPILOT, Face.AGENT, Face.MCP})


@dataclass
class Run:
    """What the guard must know of a machine's run: how much it did, and what it has read."""

    id: str = ""
    asked: bool = False  # the person asked for it in this conversation
    writes: int = 0  # WRITE calls already made in this run
    tainted: bool = False  # a real model has read text from outside (labels, documents, rows)


@dataclass(frozen=True)
class Actor:
    """A person or machine, in one organisation, with permissions, at one face.

    `customer_ids` None means all customers; a set limits what is seen and changed to theirs.
    """

    organization_id: int
    user_id: int | None
    name: str
    role: str
    permissions: frozenset[Permission]
    face: Face
    customer_ids: frozenset[int] | None = None
    time_zone: str = "UTC"
    request_id: str = ""
    scopes: frozenset[Permission] | None = None  # of the API key that asks; None: a person, with all of the role
    key_id: int | None = None
    run: Run = field(default_factory=Run, compare=False)
    impersonation_id: int | None = None  # one of the staff acts as this person; `name` says who

    @property
    def is_machine(self) -> bool:
        return self.face in MACHINES

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission, *, doing: str) -> None:
        """Raise Denied unless allowed. `doing` completes the sentence "Your role ... may not"."""
        if not self.may(permission):
            raise Denied(f"Your role ({self.role}) may not {doing}.")

    def at(self, face: Face, *, run: Run | None = None, request_id: str | None = None) -> "Actor":
        """The same person at another face (the copilot acts for whoever talks to it)."""
        return replace(self, face=face, run=run or Run(), request_id=request_id or self.request_id)

    @classmethod
    def for_membership(
        cls,
        membership: "Membership",
        *,
        face: Face,
        scopes: frozenset[Permission] | None = None,
        request_id: str = "",
        key_id: int | None = None,
    ) -> "Actor":
        permissions = PERMISSIONS[Role(membership.role)]
        limit = membership.customer_ids
        return cls(
            organization_id=membership.organization_id,
            user_id=membership.user_id,
            name=membership.user.email,
            role=membership.role,
            permissions=permissions if scopes is None else permissions & scopes,
            face=face,
            customer_ids=None if limit is None else frozenset(limit),
            time_zone=membership.organization.time_zone,
            request_id=request_id,
            scopes=scopes,
            key_id=key_id,
        )

    @classmethod
    def for_staff(cls, user: "User", organization: "Organization", *, request_id: str = "") -> "Actor":
        """One of the platform's staff at the admin: a superuser may do what an owner may, others only look."""
        permissions = frozenset(Permission) if user.is_superuser else frozenset({Permission.VIEW, Permission.REPORT})
        return cls(
            organization_id=organization.pk,
            user_id=user.pk,
            name=user.email,
            role="staff",
            permissions=permissions,
            face=Face.ADMIN,
            time_zone=organization.time_zone,
            request_id=request_id,
        )

    @classmethod
    def system(cls, organization: "Organization") -> "Actor":
        """The platform itself, for scheduled work and commands of the operator."""
        return cls(
            organization_id=organization.pk,
            user_id=None,
            name="iotsim",
            role="system",
            permissions=frozenset(Permission),
            face=Face.SYSTEM,
            time_zone=organization.time_zone,
        )
