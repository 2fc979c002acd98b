"""What the services about members, invitations and API keys take and return."""

import re
from datetime import datetime
from typing import Annotated, ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BaseModel, Field

from iotsim.core.models import ApiKey, Invitation, Membership
from iotsim.core.parameters import numbered
from iotsim.core.roles import Role
from iotsim.core.schemas import Answer
from iotsim.core.slots import Found, Slot, SlotContext

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ROLE: Final = re.compile(r"\b(owner|admin(?:istrator)?|manager|analyst|developer|viewer)(?:s|\b)", re.IGNORECASE)


def find_email(text: str, context: SlotContext) -> list[Found]:
    """E-mail addresses."""
    return [Found(*match.span(), match[0].lower(), match[0], 1.0) for match in _EMAIL.finditer(text)]


def find_role(text: str, context: SlotContext) -> list[Found]:
    """A role by its name; the last one said is the one that is wanted ("from viewer to analyst")."""
    found = [
        Found(*match.span(1), match[1].lower().removesuffix("istrator"), match[1], 0.8)
        for match in _ROLE.finditer(text)
    ]
    return found[-1:]


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise ValueError(f"{value} is not an e-mail address, such as anna@example.com.") from None
    return value.lower()


EMAIL_SLOT: Final = Slot("email", find_email, mask="anna@example.com", noun="the e-mail address")

EmailAddress = Annotated[
    str, AfterValidator(_email), Field(max_length=254, description="An e-mail address"), EMAIL_SLOT
]
MemberRef = Annotated[
    str,
    Field(min_length=1, max_length=254, description="A member: e-mail address, or name where only one has it"),
    EMAIL_SLOT,
]
RoleName = Annotated[
    Role,
    Field(description="owner, admin, manager, analyst, developer or viewer"),
    Slot("role", find_role, mask="analyst", noun="the role"),
]
InvitationId = Annotated[
    int,
    Field(description="Number of the invitation"),
    numbered("invitation", "invitation", "invite", verbs=("withdraw", "cancel", "resend")),
]
KeyId = Annotated[int, Field(description="Number of the API key"), numbered("api_key", "key", "api key")]


class MemberOut(BaseModel):
    user_id: int
    email: str
    name: str
    role: str
    customers: list[str] | None = Field(default=None, description="None: all customers")
    has_second_factor: bool | None = Field(default=None, description="Told to owners and admins only")
    joined_at: datetime
    last_seen_at: datetime | None = None
    is_you: bool = False
    may_change: bool = Field(default=False, description="Whether you may change or remove them")

    @property
    def title(self) -> str:
        return self.name or self.email


class MemberList(Answer):
    items: list[MemberOut]
    requires_second_factor: bool = False


class RoleChanged(Answer):
    member: str
    before: Role
    after: Role


class LimitChanged(Answer):
    member: str
    before: list[str] | None
    after: list[str] | None


class InvitationOut(Answer):
    """`link` is told once, to whoever invites: it is neither kept nor logged."""

    shown_once: ClassVar[frozenset[str]] = frozenset({"link"})

    id: int
    email: str
    role: str
    customers: list[str] | None = None
    state: str = Field(description="open, accepted, withdrawn or expired")
    invited_by: str
    created_at: datetime
    expires_at: datetime
    mailed_at: datetime | None = None
    link: str = Field(default="", description="Where the invitation is accepted; told once, when it is made")

    @classmethod
    def of(cls, row: Invitation, *, names: dict[int, str], sentence: str = "", link: str = "") -> "InvitationOut":
        return cls(
            sentence=sentence,
            link=link,
            customers=_names(row.customer_ids, names),
            invited_by=row.invited_by.email if row.invited_by else "somebody who has left",
            **{name: getattr(row, name) for name in _INVITATION_FIELDS},
        )


_INVITATION_FIELDS: Final = ("id", "email", "role", "state", "created_at", "expires_at", "mailed_at")


class InvitationList(Answer):
    items: list[InvitationOut]


class ApiKeyOut(Answer):
    """`key` is told once, to whoever makes it: only its SHA-256 is kept."""

    shown_once: ClassVar[frozenset[str]] = frozenset({"key"})

    id: int
    name: str
    start: str = Field(description="How the key begins")
    owner: str
    scopes: list[str] | None = Field(default=None, description="None: all that its owner's role allows")
    state: str = Field(description="active, expired or revoked")
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    key: str = Field(default="", description="The whole key; told once, when it is made")

    @property
    def title(self) -> str:
        return self.name or self.start

    @classmethod
    def of(cls, row: ApiKey, *, sentence: str = "", key: str = "") -> "ApiKeyOut":
        return cls(
            sentence=sentence,
            key=key,
            start=f"iot_{row.prefix}",
            owner=row.membership.user.email,
            **{name: getattr(row, name) for name in _KEY_FIELDS},
        )


_KEY_FIELDS: Final = ("id", "name", "scopes", "state", "created_at", "expires_at", "last_used_at")


class ApiKeyList(Answer):
    items: list[ApiKeyOut]


class Left(Answer):
    """`go_to`: the page to go on with, since the one that was open is no longer one's own."""

    go_to: str = ""


def limit_of(membership: Membership, names: dict[int, str]) -> list[str] | None:
    """The customers that a membership is limited to, by name."""
    return _names(membership.customer_ids, names)


def _names(ids: list[int] | None, names: dict[int, str]) -> list[str] | None:
    return None if ids is None else sorted(names[one] for one in ids if one in names)
