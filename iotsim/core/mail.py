"""Mail of the platform's own, sent by workers: no service waits for a mail server."""

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.invitations import link_of
from iotsim.core.membership import role_words
from iotsim.core.models import Invitation


def mail_invitation(invitation_id: int) -> None:
    """Send an invitation to whom it is for, unless it was mailed, accepted or withdrawn meanwhile. Raises OSError."""
    row = Invitation.objects.select_related("organization", "invited_by").filter(pk=invitation_id).first()
    if row is None or row.state != "open" or row.mailed_at is not None:
        return
    inviter = (row.invited_by.name or row.invited_by.email) if row.invited_by else ""
    words = {"invitation": row, "role": role_words(row.role), "link": link_of(row), "inviter": inviter}
    # A subject is one line, whatever an organisation calls itself.
    subject = " ".join(f"Invitation to {row.organization}".split())
    send_mail(subject, render_to_string("core/invitation_mail.txt", words), None, [row.email])
    Invitation.objects.filter(pk=row.pk, nonce=row.nonce).update(mailed_at=timezone.now())
    announce(row.organization_id, {"invitation": [row.pk]})
