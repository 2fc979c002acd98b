"""Quotas of single SIMs."""

import math
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Moved
from iotsim.core.parameters import Bytes
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import size
from sims.examples import EXAMPLES
from sims.following import changed
from sims.lifecycle import Status
from sims.models import Sim
from sims.naming import find_sim
from sims.parameters import SimRef
from sims.schemas.fleet import SimChange

OF_PLAN: Final = "plan"
MAX_QUOTA = 10**15  # a petabyte a cycle is beyond any SIM

Quota = Annotated[
    Bytes | None,
    Field(le=MAX_QUOTA, description='Quota for a billing cycle, such as "2 GB"; null: the plan\'s own'),
]


def propose_quota(actor: Actor, *, sim: str, quota: int | None, expected_quota: int | str | None = None) -> Proposal:
    found = find_sim(actor, sim)
    before, after = found.effective_quota_bytes, _effective(found, quota)
    cost = _most_overage(found, before, after)
    return Proposal(
        summary=f"Set the quota of SIM {found.short_name} to {size(after) if after is not None else 'none'}",
        count=1,
        changes=[
            Change(
                label=f"{found.iccid}{f' ({found.label})' if found.label else ''}",
                field="quota",
                before=_words(before),
                after=_words(after),
                link=f"/sims/{found.iccid}/",
            )
        ],
        monthly_cost_change_cents=cost,
        currency=found.plan.currency if found.plan else "EUR",
        safety_critical=int(found.safety_critical),
        warnings=_warnings(found, after),
        digest=digest_of([found.pk, found.quota_bytes, before, after, found.safety_critical, cost]),
    )


def _effective(sim: Sim, quota: int | None) -> int | None:
    return quota if quota is not None else (sim.plan.quota_bytes if sim.plan else None)


def _words(quota: int | None) -> str:
    return size(quota) if quota is not None else "no quota"


def _most_overage(sim: Sim, before: int | None, after: int | None) -> int:
    """What the additional quota may cost at most in a cycle, at the plan's overage price."""
    if sim.plan is None or before is None or after is None or after <= before:
        return 0
    return math.ceil((after - before) / 1_000_000 * float(sim.plan.overage_cents_per_mb))


def _warnings(sim: Sim, after: int | None) -> list[str]:
    if after is not None and sim.cycle_bytes > after:
        return [f"It has used {size(sim.cycle_bytes)} this cycle already, more than that."]
    return []


def _undo(actor: Actor, arguments: BaseModel, result: SimChange) -> Undo:
    now = OF_PLAN if result.after is None else result.after
    return Undo("update_quota", {"sim": result.iccid, "quota": result.before, "expected_quota": now})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="sims/{sim}/quota",
    examples=EXAMPLES["update_quota"],
    title="Change quota",
    proposal=propose_quota,
    undo=_undo,
)
def update_quota(
    actor: Actor,
    *,
    sim: SimRef,
    quota: Quota,
    expected_quota: Annotated[
        Bytes | Literal["plan"] | None,
        Field(description='Refuse unless its own quota is this now, "plan" for none (somebody may have changed it)'),
    ] = None,
) -> SimChange:
    """Set the quota of one SIM for its billing cycle. Raising it needs the right to spend money."""
    found = find_sim(actor, sim, lock=True)
    before, after = found.quota_bytes, quota
    if expected_quota is not None and before != (None if expected_quota == OF_PLAN else expected_quota):
        words = _quota_words(found, before)
        raise Moved(
            f"The quota of SIM {found.short_name} is {words} by now, so it was left as it is.",
            current={"expected_quota": OF_PLAN if before is None else before},
        )
    if found.status == Status.RETIRED:
        raise Conflict(f"SIM {found.short_name} is retired, which is final: its quota cannot be changed.")
    _may_raise(actor, found, quota)
    found.quota_bytes = after
    found.save(update_fields=["quota_bytes"])
    touch("sim", [found.pk])
    changed("cycle", actor.organization_id, [found.pk])
    return SimChange(
        sentence=f"The quota of SIM {found.short_name} is {_quota_words(found, after)} now; "
        f"it was {_quota_words(found, before)}.",
        iccid=found.iccid,
        label=found.label,
        field="quota",
        before=before,
        after=after,
    )


def _may_raise(actor: Actor, sim: Sim, quota: int | None) -> None:
    before, after = sim.effective_quota_bytes, _effective(sim, quota)
    if after is None or (before is not None and after > before):
        actor.require(Permission.MONEY, doing="raise a quota, which may cost money")


def _quota_words(sim: Sim, own: int | None) -> str:
    if own is not None:
        return size(own)
    return f"its plan's {size(sim.plan.quota_bytes)}" if sim.plan else "not limited"
