"""Finding a member by e-mail, for commands that act for somebody."""

from iotsim.core.errors import Ambiguous, NotFound
from iotsim.core.models import Membership, Organization


def membership_of(email: str, slug: str | None = None) -> Membership:
    """The membership of a person, in the organisation `slug` if they have several.

    Raises NotFound, or Ambiguous with the organisations.
    """
    rows = Membership.objects.filter(user__email=email.strip().lower()).select_related("user", "organization")
    found = list(rows.filter(organization__slug=slug) if slug else rows)
    if not found:
        where = f" of {slug}" if slug else " of any organisation"
        raise NotFound(f"{email} is not a member{where}.")
    if len(found) > 1:
        slugs = sorted(one.organization.slug for one in found)
        raise Ambiguous(f"{email} is a member of {', '.join(slugs)}: say which with --org.", candidates=slugs)
    return found[0]


def organization_named(slug: str) -> Organization:
    """The organisation with that slug. Raises NotFound with those there are."""
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        slugs = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise NotFound(f"There is no organisation {slug}. There are: {slugs or 'none yet'}.")
    return found
