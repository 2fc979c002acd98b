"""The platform's own tables: who exists, who may, what was done, what waits.

Organization, User, Membership, Invitation, ApiKey, IdempotencyKey and Impersonation are needed before an actor exists
and so stand outside the tenant wall. Everything that inherits TenantModel stands behind it.
"""

from iotsim.core.models.approvals import Approval, ApprovalState
from iotsim.core.models.audit import AuditEvent, AuditSubject
from iotsim.core.models.invitations import Invitation
from iotsim.core.models.jobs import Job, JobState
from iotsim.core.models.notifications import Notification
from iotsim.core.models.people import (
    ApiKey,
    IdempotencyKey,
    Membership,
    Organization,
    PeopleManager,
    User,
    check_time_zone,
)
from iotsim.core.models.support import ImpersonatedWork, Impersonation
from iotsim.core.models.tenant import TenantModel
from iotsim.core.models.uploads import Upload

__all__ = [
    "ApiKey",
    "Approval",
    "ApprovalState",
    "AuditEvent",
    "AuditSubject",
    "IdempotencyKey",
    "ImpersonatedWork",
    "Impersonation",
    "Invitation",
    "Job",
    "JobState",
    "Membership",
    "Notification",
    "Organization",
    "PeopleManager",
    "TenantModel",
    "Upload",
    "User",
    "check_time_zone",
]
