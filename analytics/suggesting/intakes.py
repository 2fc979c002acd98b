"""Files that could not be brought in, or not whole, and that nobody has brought again."""

from datetime import timedelta
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from analytics.suggesting.found import Found
from sims.models import Intake, IntakeState
from sims.schemas.intake import job_states

RECENT: Final = timedelta(days=7)
MOST: Final = 20
FAILED: Final = (IntakeState.REFUSED, IntakeState.FAILED)


def find(organization_id: int) -> list[Found]:
    """Refused, broken off, or with refused rows that were not corrected since."""
    since = timezone.now() - RECENT
    recent = Intake.objects.filter(organization_id=organization_id, created_at__gte=since).order_by("-pk")
    refused_rows = Q(state=IntakeState.DONE, refused__gt=F("settled"))
    rows = list(recent.filter(refused_rows | Q(state__in=[*FAILED, IntakeState.RUNNING]))[:MOST])
    states = job_states(rows)
    again = set(recent.filter(state=IntakeState.DONE, refused=0).values_list("name", flat=True)[: 10 * MOST])
    return [
        _found(row, state)
        for row in rows
        if (state := _state(row, states.get(row.job_id or 0, ""))) and row.name not in again
    ]


def _state(row: Intake, job_state: str) -> str:
    """How it ended; empty while it goes on, or when somebody stopped it."""
    if row.state == IntakeState.RUNNING:
        return IntakeState.FAILED.value if job_state == "failed" else ""
    return str(row.state)


def _found(row: Intake, state: str) -> Found:
    whole = state in FAILED
    facts = {"name": row.name, "state": state, "reason": row.reason, "rows": row.refused - row.settled}
    return Found(
        key=f"intake:{row.pk}", kind="intake", severity="high" if whole else "low",
        order=(timezone.now() - row.created_at).days, facts=facts, button="Open the import",
        link=f"/imports/{row.pk}/", object_id=row.pk, user_id=row.user_id, stamp=state,
        weight=float(max(row.refused - row.settled, 1)), as_of=row.finished_at or row.created_at,
        expires_at=row.created_at + RECENT,
    )  # fmt: skip
