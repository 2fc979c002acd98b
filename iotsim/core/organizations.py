"""What concerns an organisation as a whole, and one's own name in it."""

import secrets
from typing import Annotated, Any

from django.utils.text import slugify
from pydantic import Field

from iotsim.core import membership
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.models import Membership, Organization, User
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission, Role
from iotsim.core.schemas import Answer
from iotsim.core.second_factor import has_second_factor


def _undo_rule(actor: Actor, arguments: Any, result: Answer) -> Undo:
    return Undo("set_second_factor_rule", {"required": not arguments.required})


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="organization/second-factor",
    examples=(),
    title="Second factor for all",
    undo=_undo_rule,
    people_only=True,
    sensitive=True,
)
def set_second_factor_rule(
    actor: Actor, *, required: Annotated[bool, Field(description="Whether every member needs a second factor")]
) -> Answer:
    """Ask every member for a second factor, or no longer. Whoever has none is led to its set-up before all else."""
    membership.require_whole_organization(actor)
    organization = membership.lock(actor)
    if organization.requires_second_factor == required:
        raise Conflict("That is so already.")
    if required and not has_second_factor(actor.user_id or 0):
        raise Conflict(
            "Set up a second factor for yourself first, under Security: otherwise you would lock yourself out."
        )
    organization.requires_second_factor = required
    organization.save(update_fields=["requires_second_factor"])
    touch("organization", [organization.pk])
    now = "now needs a second factor" if required else "no longer needs a second factor"
    return Answer(sentence=f"Every member of {organization} {now}.")


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="profile/name",
    examples=(),
    title="Change name",
    people_only=True,
)
def change_own_name(
    actor: Actor, *, name: Annotated[str, Field(min_length=1, max_length=120, description="What colleagues see")]
) -> Answer:
    """Change the name under which colleagues see you, in every organisation of yours."""
    if not User.objects.filter(pk=actor.user_id or 0).update(name=name):
        raise NotFound("Only a person has a name here.")
    touch("member", [actor.user_id or 0])
    return Answer(sentence=f"Colleagues see you as {name} now.")


@service(
    permission=Permission.OWN,
    risk=Risk.WRITE,
    path="organizations/new",
    examples=(),
    title="Create organisation",
    people_only=True,
    sensitive=True,
)
def create_organization(
    actor: Actor, *, name: Annotated[str, Field(min_length=2, max_length=120, description="What it is called")]
) -> Answer:
    """Create a further organisation, with a fleet and members of its own, and become its owner."""
    here = Organization.objects.get(pk=actor.organization_id)
    slug = f"{slugify(name)[:48] or 'organisation'}-{secrets.token_hex(3)}"
    made = Organization.objects.create(name=name, slug=slug, time_zone=here.time_zone, currency=here.currency)
    Membership.objects.create(organization=made, user_id=actor.user_id or 0, role=Role.OWNER)
    touch("member", [actor.user_id or 0])
    return Answer(sentence=f"{name} is created and yours. Go over to it by the name at the top.")
