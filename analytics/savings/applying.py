"""Doing what recommendations say, and taking it back. Inside the tenant's transaction."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from analytics.models import Recommendation
from analytics.models.savings import AdviceKind, AdviceState
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.wording import counted, kept_apart, money, size
from sims.carrier import request_changes
from sims.lifecycle import Reason, Status
from sims.models import Plan, Sim
from sims.naming import plans_of
from sims.tariffs import change_of, move

if TYPE_CHECKING:
    from analytics.savings.chosen import Rows

ON_THE_SPOT: Final = 1_000  # SIMs that are changed within the call; more are a job's work


@dataclass
class Plans:
    """What applying would do as things stand now: the recommendations that can be, their SIMs, and why others not."""

    rows: list[Recommendation] = field(default_factory=list)
    sims: dict[int, Sim] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def moves(self) -> dict[int, int]:
        """The plan that each SIM goes to."""
        found: dict[int, int] = {}
        for row in self.rows:
            if row.kind == AdviceKind.CHANGE_PLAN:
                found[row.sim_id] = row.to_plan_id
            found |= dict(zip(row.moved_sims, row.moved_plans, strict=True))
        return found

    @property
    def retired(self) -> list[int]:
        return [row.sim_id for row in self.rows if row.kind == AdviceKind.RETIRE_IDLE]

    @property
    def quotas(self) -> list[int]:
        return [row.sim_id for row in self.rows if row.kind == AdviceKind.RAISE_QUOTA]

    @property
    def savings(self) -> dict[str, int]:
        """Expected cents a month by currency."""
        found: Counter[str] = Counter()
        for row in self.rows:
            found[row.currency] += row.saving_cents
        return dict(sorted(found.items()))


def look(actor: Actor, rows: "Rows", *, lock: bool = False) -> Plans:
    """Hold the recommendations against what is there now. Locks them and their SIMs if they are about to be applied."""
    chosen = list(rows.order_by("pk").select_for_update(of=("self",)) if lock else rows.order_by("pk"))
    ids = sorted({sim for row in chosen for sim in (row.sim_id, *row.moved_sims) if sim})
    sims = Sim.objects.for_actor(actor).filter(pk__in=ids).select_related("plan").order_by("pk")
    found = Plans(
        sims={sim.pk: sim for sim in (sims.select_for_update(of=("self",)) if lock else sims)},
        plans={plan.pk: plan for plan in plans_of(actor)},
    )
    for row in chosen:
        why = _why_not(row, found)
        if why:
            found.refused.append(why)
        else:
            found.rows.append(row)
    return found


def _why_not(row: Recommendation, found: Plans) -> str:
    """Why a recommendation cannot be applied any more; empty when it can."""
    if row.state != AdviceState.OPEN:
        return f"Recommendation {row.pk} was {row.state}{f' by {row.decided_by}' if row.decided_by else ''} already."
    for sim_id in (row.sim_id, *row.moved_sims):
        if sim_id and (why := _moved_on(row, found.sims.get(sim_id))):
            return why
    for plan_id in {row.to_plan_id, *row.moved_plans} - {0}:
        plan = found.plans.get(plan_id)
        if plan is None:
            return f"The plan that recommendation {row.pk} advises was deleted."
        if plan.currency != row.currency:
            return f"The plan {kept_apart(plan.name)} is paid in {plan.currency} now, and the SIM in {row.currency}."
    return ""


def _moved_on(row: Recommendation, sim: Sim | None) -> str:
    if sim is None:
        return f"The SIM of recommendation {row.pk} is not there any more."
    if sim.status == Status.RETIRED:
        return f"SIM {sim.short_name} was retired meanwhile."
    if sim.plan_id != row.from_plan_id:
        return f"SIM {sim.short_name} went to another plan meanwhile."
    if row.kind == AdviceKind.RAISE_QUOTA and sim.quota_bytes is None:
        return f"SIM {sim.short_name} has its plan's quota already."
    if row.kind == AdviceKind.RETIRE_IDLE and sim.cycle_bytes:
        return f"SIM {sim.short_name} has been used meanwhile."
    return ""


def must_do_something(found: Plans) -> None:
    """Raises Conflict with the first reason when nothing can be done."""
    if not found.rows:
        more = f" So it is with {len(found.refused) - 1:,} more." if len(found.refused) > 1 else ""
        raise Conflict(f"{found.refused[0]}{more}" if found.refused else "No open recommendation fits.")


def propose(found: Plans, *, left_out: int) -> Proposal:
    """Every change with its difference in money; what is frozen is all of them, what is shown are the first ten."""
    changes = list(_changes(found))
    currency = max(found.savings, key=lambda one: found.savings[one])
    saved = [money(cents, code) for code, cents in found.savings.items()]
    only = found.sims[_touched(found)[0]]
    name = f"SIM {only.short_name}" if len(changes) == 1 else counted(len(changes), "SIM")
    return Proposal(
        summary=f"Change {name}, save {' and '.join(saved)}",
        count=len(changes),
        changes=changes[:FIRST_ROWS],
        monthly_cost_change_cents=-found.savings[currency],
        currency=currency,
        reversible=not found.retired,
        safety_critical=sum(found.sims[sim].safety_critical for sim in _touched(found)),
        warnings=_warnings(found, left_out),
        digest=digest_of([_facts(found, row) for row in found.rows]),
    )


def _facts(found: Plans, row: Recommendation) -> list[object]:
    prices = [
        (plan.pk, plan.price_cents, plan.quota_bytes, str(plan.overage_cents_per_mb))
        for plan_id in sorted({row.from_plan_id, row.to_plan_id, *row.moved_plans})
        if (plan := found.plans.get(plan_id))
    ]
    return [
        row.pk, row.kind, row.sim_id, row.from_plan_id, row.to_plan_id, row.moved_sims, row.moved_plans,
        row.saving_cents, row.currency, prices,
    ]  # fmt: skip


def _changes(found: Plans) -> "list[Change]":
    """One line for each SIM that changes, the largest saving first."""
    lines: list[Change] = []
    for row in sorted(found.rows, key=lambda one: (-one.saving_cents, one.pk)):
        saves = f" (saves {money(row.saving_cents, row.currency)} a month)"
        if row.kind == AdviceKind.RESIZE_POOL:
            pairs = zip(row.moved_sims, row.moved_plans, strict=True)
            lines += [change_of(found.sims[sim], found.plans[plan]) for sim, plan in pairs]
            continue
        line = _line(row, found.sims[row.sim_id], found.plans)
        lines.append(line.model_copy(update={"after": f"{line.after}{saves}"}))
    return lines


def _line(row: Recommendation, sim: Sim, plans: Mapping[int, Plan]) -> Change:
    if row.kind == AdviceKind.CHANGE_PLAN:
        return change_of(sim, plans[row.to_plan_id])
    label, link = f"{sim.iccid}{f' ({kept_apart(sim.label)})' if sim.label else ''}", f"/sims/{sim.iccid}/"
    if row.kind == AdviceKind.RETIRE_IDLE:
        return Change(
            label=label, field="status", before=Status(sim.status).words, after="retired, for good", link=link
        )
    whole = plans[row.from_plan_id].quota_bytes
    after = f"its plan's {size(whole)}" if whole else "its plan's, not limited"
    return Change(label=label, field="quota", before=size(sim.quota_bytes), after=after, link=link)


def _touched(found: Plans) -> list[int]:
    return [*found.moves, *found.retired, *found.quotas]


def _warnings(found: Plans, left_out: int) -> list[str]:
    warnings = []
    if found.retired:
        warnings.append(f"Retiring is final: {counted(len(found.retired), 'SIM')} can never be used again.")
    if len(found.savings) > 1:
        warnings.append("Amounts of several currencies are not added: " + ", ".join(
            money(cents, currency) for currency, cents in found.savings.items()) + " a month.")  # fmt: skip
    dearer = sum(row.worst_saving_cents < 0 for row in found.rows)
    if dearer:
        warnings.append(f"{counted(dearer, 'of them costs', 'of them cost')} more in a heavy month (one in ten).")
    pools = [row for row in found.rows if row.kind == AdviceKind.RESIZE_POOL]
    if pools:
        saved = money(sum(row.saving_cents for row in pools), pools[0].currency)
        warnings.append(f"{counted(len(pools), 'pool')} change as a whole; that saves {saved} a month in all.")
    if found.refused:
        warnings.append(f"{counted(len(found.refused), 'recommendation')} left out. {found.refused[0]}")
    if left_out:
        warnings.append(
            f"{counted(left_out, 'unused SIM is', 'unused SIMs are')} left out, since retiring is final: "
            "choose them by themselves."
        )
    return warnings


def apply(actor: Actor, found: Plans, batch: uuid.UUID) -> int:
    """Do it; answers how many SIMs changed. What was looked at must be locked."""
    moves, now = found.moves, timezone.now()
    moving = [found.sims[sim] for sim in moves]
    move(actor, moving, dict(moves))
    if gone := [found.sims[sim] for sim in found.retired]:
        touch("sim", [sim.pk for sim in gone])
        states = {sim.pk: Status.RETIRED for sim in gone}
        request_changes(actor, gone, states, reason=Reason.USER, note="Paid for and not used: retired as advised.")
    for row in found.rows:
        row.state, row.decided_at, row.decided_by, row.batch = AdviceState.APPLIED.value, now, actor.name, batch
        if row.kind == AdviceKind.RAISE_QUOTA:
            row.quota_before_bytes = found.sims[row.sim_id].quota_bytes
    if found.quotas:
        Sim.objects.filter(organization_id=actor.organization_id, pk__in=found.quotas).update(quota_bytes=None)
        touch("sim", found.quotas)
    fields = ["state", "decided_at", "decided_by", "batch", "quota_before_bytes"]
    Recommendation.objects.bulk_update(found.rows, fields, batch_size=2_000)
    touch("saving", [row.pk for row in found.rows])
    return len(_touched(found))


def take_back(actor: Actor, rows: Sequence[Recommendation]) -> int:
    """Bring back the plans and quotas that applied rows had changed. Answers how many SIMs; retired ones stay so."""
    undone = [row for row in rows if row.kind != AdviceKind.RETIRE_IDLE]
    given = {row.sim_id: row.to_plan_id for row in undone if row.kind == AdviceKind.CHANGE_PLAN}
    given |= {sim: plan for row in undone for sim, plan in zip(row.moved_sims, row.moved_plans, strict=True)}
    before = {sim: row.from_plan_id for row in undone for sim in (row.sim_id, *row.moved_sims) if sim in given}
    quotas = {row.sim_id: row for row in undone if row.kind == AdviceKind.RAISE_QUOTA}
    sims = Sim.objects.for_actor(actor).filter(pk__in=[*given, *quotas]).select_related("plan").order_by("pk")
    found = {sim.pk: sim for sim in sims.select_for_update(of=("self",))}
    moved = [sim for sim, plan in given.items() if sim not in found or found[sim].plan_id != plan]
    moved += [sim for sim in quotas if sim not in found or found[sim].quota_bytes is not None]
    if moved:
        raise Conflict(f"{counted(len(moved), 'SIM')} changed again since, so this cannot be undone any more.")
    there = set(Plan.objects.filter(organization_id=actor.organization_id).values_list("pk", flat=True))
    if set(before.values()) - there:
        raise Conflict("A plan that they had was deleted since, so this cannot be undone.")
    move(actor, [found[sim] for sim in before], dict(before))
    for sim_id, row in quotas.items():
        Sim.objects.filter(organization_id=actor.organization_id, pk=sim_id).update(quota_bytes=row.quota_before_bytes)
    touch("sim", list(quotas))
    return len(given) + len(quotas)


def reopen(organization_id: int, rows: Sequence[Recommendation]) -> None:
    """Open again; where a newer night has said the same meanwhile, the older row gives way."""
    taken = set(
        Recommendation.objects.filter(organization_id=organization_id, state=AdviceState.OPEN).values_list(
            "kind", "sim_id", "from_plan_id", "customer_id"
        )
    )
    for row in rows:
        newer = (row.kind, row.sim_id, row.from_plan_id, row.customer_id) in taken
        row.state = AdviceState.EXPIRED.value if newer else AdviceState.OPEN.value
        row.batch, row.decided_at, row.decided_by = None, timezone.now() if newer else None, ""
        row.realised_cents, row.realised_cycles, row.realised_until = 0, 0, None
    fields = ["state", "batch", "decided_at", "decided_by", "realised_cents", "realised_cycles", "realised_until"]
    Recommendation.objects.bulk_update(rows, fields, batch_size=2_000)
