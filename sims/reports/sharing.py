"""Links that open one report without signing in, for a while: signed, bound to report and organisation.

Nothing of a link is kept. Deleting the report, or its expiry, ends every link to it.
"""

from datetime import datetime
from typing import Final

from django.core import signing
from django.utils import timezone

from iotsim.core.errors import NotFound

_SALT: Final = "sims.reports.shared"


def token_for(organization_id: int, report_id: int, until: datetime) -> str:
    """The secret part of a link. Whoever has it may download that report until then."""
    return signing.dumps([organization_id, report_id, int(until.timestamp())], salt=_SALT)


def opened(token: str) -> tuple[int, int]:
    """The organisation and the report that a link is for. Raises NotFound for one that is forged or over."""
    try:
        organization_id, report_id, until = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound("This link leads nowhere: it is cut off or was changed. Ask for it again.") from error
    if until < timezone.now().timestamp():
        raise NotFound("This link is over. Ask whoever gave it to you for a new one.")
    return int(organization_id), int(report_id)
