"""What is forecast or analysed: a SIM, a customer, a pool, some SIMs, or all that the actor may see."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

from iotsim.core.errors import Invalid, NotFound
from sims.alerts.pools import pools_of
from sims.lifecycle import Status
from sims.models import Sim
from sims.naming import find_customer, find_plan, find_sim

if TYPE_CHECKING:
    from iotsim.core.actor import Actor
    from sims.models import Customer, Plan
    from sims.models.fleet import SimQuerySet
    from sims.schemas.pools import PoolOut

Scope = Literal["sim", "customer", "pool", "fleet", "some"]
IN_USE: Final = (Status.TEST_READY, Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED)


@dataclass(frozen=True)
class Subject:
    """Something with days of usage. `name` begins a sentence; `sims` are among those the actor may see."""

    scope: Scope
    name: str
    sims: "SimQuerySet"
    link: str
    sim: Sim | None = None
    customer: "Customer | None" = None
    plan: "Plan | None" = None
    pool: "PoolOut | None" = None

    @property
    def is_one(self) -> bool:
        return self.sim is not None


def subject_of(
    actor: "Actor", *, sim: str | None = None, customer: str | None = None, plan: str | None = None
) -> Subject:
    """What these names mean. Raises NotFound, Ambiguous, or Invalid for names that do not go together."""
    if sim and (customer or plan):
        raise Invalid("Give a SIM, or a customer and a plan, not both.", field="sim")
    if sim:
        return of_sim(actor, find_sim(actor, sim))
    if plan:
        return _of_plan(actor, plan, customer)
    return _of_customer(actor, customer) if customer else of_fleet(actor)


def of_sim(actor: "Actor", sim: Sim) -> Subject:
    rows = Sim.objects.for_actor(actor).filter(pk=sim.pk)
    return Subject("sim", f"SIM {sim.short_name}", rows, f"/sims/{sim.iccid}/", sim=sim)


def of_fleet(actor: "Actor") -> Subject:
    """All SIMs that the actor may see; who is limited to some customers is told so by the name."""
    name = "The fleet" if actor.customer_ids is None else "The SIMs of your customers"
    return Subject("fleet", name, Sim.objects.for_actor(actor), "/sims/")


def _of_customer(actor: "Actor", name: str) -> Subject:
    customer = find_customer(actor, name)
    rows = Sim.objects.for_actor(actor).filter(customer=customer)
    return Subject("customer", customer.name, rows, f"/customers/{customer.pk}/", customer=customer)


def _of_plan(actor: "Actor", name: str, customer_name: str | None) -> Subject:
    """The pool of a customer on a pooled plan; of another plan, its SIMs without a quota of their own."""
    plan, customer = find_plan(actor, name), find_customer(actor, customer_name) if customer_name else None
    rows = Sim.objects.for_actor(actor).filter(plan=plan)
    rows = rows.filter(customer=customer) if customer else rows
    query = urlencode({"plan": plan.name, **({"customer": customer.name} if customer else {})})
    whose = f" of {customer.name}" if customer else ""
    if not rows.filter(status__in=IN_USE).exists():
        raise NotFound(f"No SIM in use{whose} is on {plan.name}, so there is nothing to forecast.", field="plan")
    if not plan.pooled:
        name = f"The SIMs{whose} on {plan.name}"
        return Subject("some", name, rows, f"/sims/?{query}", customer=customer, plan=plan)
    pool = _the_pool(actor, plan, customer)
    if pool is None:
        name = f"The pools of {plan.name} together"
        return Subject("some", name, rows, f"/sims/?{query}", plan=plan)
    return Subject("pool", f"The pool {pool.name}", rows, f"/sims/?{query}", customer=customer, plan=plan, pool=pool)


def _the_pool(actor: "Actor", plan: "Plan", customer: "Customer | None") -> "PoolOut | None":
    """The one pool meant; None when a plan has several and none of them was named."""
    found = pools_of(actor, plan_id=plan.pk, customer_id=customer.pk if customer else None)
    return found[0] if len(found) == 1 else None
