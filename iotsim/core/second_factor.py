"""Second factors: who has one, and whose organisation asks for one."""

from typing import Final

from iotsim.core.errors import Denied
from iotsim.core.models import Membership

FACTORS: Final = ("totp", "webauthn")  # recovery codes alone are no factor


class SecondFactorRequired(Denied):
    """The organisation asks its members for a second factor, and this one has none yet."""

    code, title = "second_factor_required", "Set up a second factor first"


def has_second_factor(user_id: int) -> bool:
    from allauth.mfa.models import Authenticator

    return bool(Authenticator.objects.filter(user_id=user_id, type__in=FACTORS).exists())


def require_second_factor(membership: Membership) -> None:
    """Raise SecondFactorRequired where the organisation asks for one and the person has none."""
    organization = membership.organization
    if organization.requires_second_factor and not has_second_factor(membership.user_id):
        raise SecondFactorRequired(
            f"{organization} asks its members for a second factor. Set one up under Settings, Security."
        )
