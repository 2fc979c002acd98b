"""Moving SIMs from plan to plan: what it costs, what it changes, and doing it. Inside the tenant's transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.proposals import Change
from iotsim.core.wording import kept_apart, money
from sims.following import changed
from sims.lifecycle import Status
from sims.models import Plan, Sim
from sims.schemas.tariffs import PlanBefore

BILLED: Final = frozenset({Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED})


def price_change(sims: Sequence[Sim], plans: Mapping[int, Plan]) -> dict[str, int]:
    """Cents a month by currency, of SIMs (with their plan) that go to the plans in `plans` (by id of the SIM)."""
    changed: Counter[str] = Counter()
    for sim in sims:
        if Status(sim.status) not in BILLED:
            continue
        after = plans[sim.pk]
        changed[after.currency] += after.price_cents
        if sim.plan is not None:
            changed[sim.plan.currency] -= sim.plan.price_cents
    return dict(sorted(changed.items()))


def in_words(changed: Mapping[str, int]) -> str:
    """The change of the monthly prices, each currency on its own."""
    parts = [
        f"{money(abs(cents), currency)} {'more' if cents > 0 else 'less'}"
        for currency, cents in changed.items()
        if cents
    ]
    return f"{' and '.join(parts)} a month" if parts else "the same price a month"


def of_one_currency(changed: Mapping[str, int]) -> tuple[int | None, str]:
    """The amount and its currency; of several currencies what rises most, since amounts are never added."""
    if not changed:
        return 0, "EUR"
    currency = max(changed, key=lambda one: changed[one])
    return changed[currency], currency


def plan_words(plan: Plan | None) -> str:
    if plan is None:
        return "no plan"
    return f"{kept_apart(plan.name)}, {money(plan.price_cents, plan.currency)}"


def change_of(sim: Sim, plan: Plan) -> Change:
    """One line of a proposal."""
    label = f"{sim.iccid}{f' ({kept_apart(sim.label)})' if sim.label else ''}"
    before, after = plan_words(sim.plan), plan_words(plan)
    return Change(label=label, field="plan", before=before, after=after, link=f"/sims/{sim.iccid}/")


def move(actor: Actor, sims: Sequence[Sim], plans: Mapping[int, int | None]) -> list[PlanBefore]:
    """Put each SIM on the plan that `plans` says (by ids). Answers the plans they had. The SIMs must be locked.

    A plan with another billing day begins another cycle, so the cycles are worked out anew.
    """
    from sims.intake.fleet import roll_cycles

    before: dict[int | None, list[int]] = defaultdict(list)
    groups: dict[int | None, list[int]] = defaultdict(list)
    for sim in sims:
        before[sim.plan_id].append(sim.pk)
        groups[plans[sim.pk]].append(sim.pk)
    for plan_id, ids in groups.items():
        Sim.objects.filter(organization_id=actor.organization_id, pk__in=ids).update(plan_id=plan_id)
    touch("sim", [sim.pk for sim in sims])
    if sims:
        roll_cycles(actor.organization_id, ZoneInfo(actor.time_zone))
    changed("cycle", actor.organization_id, [sim.pk for sim in sims])
    return [PlanBefore(plan_id=plan_id, sims=ids) for plan_id, ids in before.items()]
