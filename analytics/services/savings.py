"""Savings: advice on plans and pools, and what came of it."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

from django.utils import timezone
from pydantic import BaseModel, BeforeValidator, Field

from analytics.examples import EXAMPLES
from analytics.models import Recommendation, SavingsRun
from analytics.models.savings import AdviceKind, AdviceState
from analytics.parameters import AdvisedKind, CurrencyCode, Sureness
from analytics.savings import applying
from analytics.savings.chosen import AdviceFilter, in_order, must_be_open, named, standing, visible
from analytics.savings.shown import realised, shown, sums, warnings
from analytics.schemas.savings import AdviceDecision, AdviceOut, AppliedAdvice, Savings
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.jobs import RunningJob, enqueue
from iotsim.core.offers import Offer
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.proposals import Proposal
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.said import find_least_amount, numbers_slot, word_slot
from iotsim.core.slots import Slot
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted, money
from sims.parameters import CustomerName, PlanName, SimRef, as_list

if TYPE_CHECKING:
    from analytics.savings.chosen import Rows

MUCH: Final = 5_000  # cents a month of one currency above which the sentence says so
CHUNK: Final = 500  # recommendations that a job applies in one transaction
MANY: Final = 100_000

LeastSaving = Annotated[
    Decimal | None,
    Field(ge=0, le=1_000_000, description="Only savings of at least so much a month, such as 2.50"),
    Slot("least_saving", find_least_amount, noun="an amount", free=True, shares=True),
]
State = Annotated[
    str,
    Field(pattern="^(open|applied|dismissed)$", description="open, applied or dismissed"),
    word_slot("advice_state", {"applied": r"(?:already\s+)?applied|carried\s+out", "dismissed": r"dismissed|declined"}),
]
Numbers = Annotated[
    Annotated[list[int], Field(max_length=MANY)] | None,
    BeforeValidator(as_list),
    Field(description="Numbers of recommendations; without them, all that fit"),
    numbers_slot("recommendations", r"recommendations?|advices?|savings?|suggestions?"),
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="savings",
    examples=EXAMPLES["optimize_quotas"],
    title="Savings",
)
def optimize_quotas(
    actor: Actor,
    *,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    sim: SimRef | None = None,
    kind: AdvisedKind | None = None,
    confidence: Sureness | None = None,
    min_saving: LeastSaving = None,
    currency: CurrencyCode = None,
    state: State = "open",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Savings:
    """Say where money can be saved: better plans, unused SIMs that are paid for, pools of the wrong size.

    With expected and worst-case savings a month, how sure that is and why; made anew each night from the forecasts.
    """
    rows = AdviceFilter(customer, plan, sim, kind, confidence, min_saving, currency).rows(actor)
    fitting = standing(rows) if state == AdviceState.OPEN else rows.filter(state=state)
    page, following = _page(fitting, cursor, limit)
    run = SavingsRun.objects.filter(organization_id=actor.organization_id).order_by("-night").first()
    totals = sums(fitting)
    found = Savings(
        items=shown(actor, page),
        total=sum(one.count for one in totals),
        totals=totals,
        kinds=sums(fitting, "kind"),
        realised=realised(rows),
        overage=warnings(actor) if state == AdviceState.OPEN else [],
        has_run=run is not None,
        night=run.night if run else None,
        as_of=run.as_of if run else None,
        next_cursor=following,
    )
    offers = _offers(found.items) if state == AdviceState.OPEN and not cursor else []
    return found.model_copy(update={"sentence": _sentence(found, state), "offers": offers})


def _offers(items: list[AdviceOut]) -> list[Offer]:
    """Apply the best of them, or all that were shown; nothing final is offered."""
    fitting = [one for one in items if not one.is_final]
    chosen = [(fitting[:1], f"Apply recommendation {fitting[0].id}: {fitting[0].what}")] if fitting else []
    if len(fitting) > 1:
        chosen.append((fitting, f"Apply all {len(fitting)} that can be undone"))
    return [
        Offer(service="apply_recommendations", arguments={"recommendations": [one.id for one in some]}, words=words)
        for some, words in chosen
    ]


def _page(rows: "Rows", cursor: str | None, limit: int) -> tuple[list[Recommendation], str | None]:
    """Keyset by saving, then number."""
    if cursor:
        saving, _, pk = cursor.partition(":")
        if not (saving.lstrip("-").isdecimal() and pk.isdecimal()):
            raise Invalid("The cursor is not one of ours; start without it.", field="cursor")
        smaller = rows.filter(saving_cents__lt=int(saving))
        rows = smaller | rows.filter(saving_cents=int(saving), pk__gt=int(pk))
    found = list(in_order(rows)[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], f"{last.saving_cents}:{last.pk}" if last else None


def _sentence(found: Savings, state: str) -> str:
    if not found.has_run:
        return "No night has looked for savings yet; the next one will."
    if not found.total:
        return "Nothing to save was found." if state == AdviceState.OPEN else f"Nothing was {state}."
    amounts = " and ".join(money(one.saving_cents, one.currency) for one in found.totals)
    if state != AdviceState.OPEN:
        saved = " and ".join(money(one.saved_cents, one.currency) for one in found.realised)
        told = f" Saved so far: {saved}." if state == AdviceState.APPLIED and saved else ""
        return f"{counted(found.total, 'recommendation')} of {amounts} a month {_were(found.total)} {state}.{told}"
    much = [one for one in found.totals if one.saving_cents > MUCH]
    worth = f" That is more than {' and '.join(money(MUCH, one.currency) for one in much)} a month." if much else ""
    parts = ", ".join(
        f"{money(one.saving_cents, one.currency)} by {_BY[one.kind].format(n=counted(one.count, 'SIM'))}"
        for one in found.kinds
    )
    return f"{amounts} a month can be saved: {parts}.{worth}"


_BY: Final = {
    "change_plan": "another plan for {n}",
    "retire_idle": "retiring {n} that nobody uses",
    "resize_pool": "pools of another size",
    "raise_quota": "the plan's own quota for {n}",
}


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _chosen(actor: Actor, ids: list[int] | None, wanted: AdviceFilter) -> tuple["Rows", int]:
    """The rows to decide on, and how many unused SIMs are left out since only they are final."""
    if ids:
        if not wanted.is_empty:
            raise Invalid("Name the recommendations or give a filter, not both.", field="recommendations")
        rows = named(actor, ids)
        must_be_open(list(rows))
        return rows, 0
    rows = standing(wanted.rows(actor))
    if wanted.kind:
        return rows, 0
    return rows.exclude(kind=AdviceKind.RETIRE_IDLE), rows.filter(kind=AdviceKind.RETIRE_IDLE).count()


def propose_application(
    actor: Actor,
    *,
    recommendations: list[int] | None = None,
    customer: str | None = None,
    plan: str | None = None,
    kind: str | None = None,
    confidence: str | None = None,
    min_saving: Decimal | None = None,
) -> Proposal:
    wanted = AdviceFilter(customer, plan, None, kind, confidence, min_saving)
    rows, left_out = _chosen(actor, recommendations, wanted)
    found = applying.look(actor, rows)
    applying.must_do_something(found)
    return applying.propose(found, left_out=left_out)


def _undo_application(actor: Actor, arguments: BaseModel, result: AppliedAdvice) -> Undo | None:
    return Undo("restore_recommendations", {"batch": result.batch}) if result.can_be_undone else None


@service(
    permission=Permission.MONEY,
    risk=Risk.DANGER,
    path="savings/apply",
    examples=EXAMPLES["apply_recommendations"],
    title="Apply recommendations",
    proposal=propose_application,
    undo=_undo_application,
)
def apply_recommendations(
    actor: Actor,
    *,
    recommendations: Numbers = None,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    kind: AdvisedKind | None = None,
    confidence: Sureness | None = None,
    min_saving: LeastSaving = None,
) -> AppliedAdvice:
    """Do what the savings advise: those named, or all open ones that fit. Unused SIMs are retired only if asked for."""
    wanted = AdviceFilter(customer, plan, None, kind, confidence, min_saving)
    rows, _ = _chosen(actor, recommendations, wanted)
    found = applying.look(actor, rows, lock=True)
    applying.must_do_something(found)
    if found.retired:
        actor.require(Permission.OPERATE, doing="retire SIMs")
    batch, count = uuid.uuid4(), len(found.moves) + len(found.retired) + len(found.quotas)
    job = None
    if count > applying.ON_THE_SPOT:
        touch("sim", [*found.moves, *found.retired, *found.quotas])
        asked = {"recommendations": [row.pk for row in found.rows], "batch": str(batch)}
        job = enqueue(carry_out_recommendations, actor, carry_out_recommendations.validate(asked))
    else:
        applying.apply(actor, found, batch)
    saved = " and ".join(f"{money(cents, currency)}" for currency, cents in found.savings.items())
    left = f" {counted(len(found.refused), 'recommendation')} left as they were." if found.refused else ""
    done = f"{counted(count, 'SIM')} {'are being changed by a job' if job else 'changed'}"
    return AppliedAdvice(
        sentence=f"{done}: about {saved} a month less is expected.{left}",
        applied=len(found.rows),
        sims=count,
        skipped=len(found.refused),
        saving_cents=found.savings,
        batch=str(batch),
        can_be_undone=not found.retired,
        job=job,
    )


def propose_carrying_out(actor: Actor, *, recommendations: list[int], batch: uuid.UUID) -> Proposal:
    return propose_application(actor, recommendations=recommendations)


@service(
    permission=Permission.MONEY,
    risk=Risk.DANGER,
    path="savings/carry-out",
    examples=(),
    title="Apply many recommendations",
    job=True,
    proposal=propose_carrying_out,
)
def carry_out_recommendations(
    actor: Actor,
    *,
    recommendations: Annotated[list[int], Field(min_length=1, max_length=MANY, description="Their numbers")],
    batch: Annotated[uuid.UUID, Field(description="What ties them together, to take them back")],
    job: RunningJob,
) -> AppliedAdvice:
    """Apply many recommendations piece by piece. What has changed since it was asked for is left as it is."""
    total = Counts()
    done = int(job.state.get("done", 0))
    while done < len(recommendations):
        job.progress(done=done, total=len(recommendations), note="Applying recommendations")
        with tenant(actor.organization_id):
            rows = visible(actor).filter(pk__in=recommendations[done : done + CHUNK])
            found = applying.look(actor, rows, lock=True)
            total.add(found, applying.apply(actor, found, batch) if found.rows else 0)
            done = min(done + CHUNK, len(recommendations))
            job.checkpoint({"done": done}, done=done, total=len(recommendations))
    return total.answer(batch)


class Counts:
    """What a job has applied so far."""

    def __init__(self) -> None:
        self.applied = self.sims = self.skipped = 0
        self.savings: dict[str, int] = {}

    def add(self, found: applying.Plans, sims: int) -> None:
        self.applied, self.sims = self.applied + len(found.rows), self.sims + sims
        self.skipped += len(found.refused)
        for currency, cents in found.savings.items():
            self.savings[currency] = self.savings.get(currency, 0) + cents

    def answer(self, batch: uuid.UUID) -> AppliedAdvice:
        saved = " and ".join(money(cents, currency) for currency, cents in self.savings.items()) or "nothing"
        left = f" {counted(self.skipped, 'recommendation')} left as they were." if self.skipped else ""
        return AppliedAdvice(
            sentence=f"{counted(self.sims, 'SIM')} changed: about {saved} a month less is expected.{left}",
            applied=self.applied,
            sims=self.sims,
            skipped=self.skipped,
            saving_cents=self.savings,
            batch=str(batch),
        )


def _undo_dismissal(actor: Actor, arguments: BaseModel, result: AdviceDecision) -> Undo:
    return Undo("restore_recommendations", {"batch": result.batch})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="savings/dismiss",
    examples=EXAMPLES["dismiss_recommendations"],
    title="Dismiss recommendations",
    undo=_undo_dismissal,
)
def dismiss_recommendations(
    actor: Actor,
    *,
    recommendations: Numbers = None,
    customer: CustomerName | None = None,
    sim: SimRef | None = None,
    kind: AdvisedKind | None = None,
) -> AdviceDecision:
    """Dismiss savings that are not wanted: those named, or of a SIM, customer or kind. No night advises them again."""
    wanted = AdviceFilter(customer=customer, sim=sim, kind=kind)
    if not recommendations and wanted.is_empty:
        raise Invalid(
            "Say which: the numbers of recommendations, a SIM, a customer or a kind.", field="recommendations"
        )
    if recommendations:
        rows = named(actor, recommendations)
        must_be_open(list(rows))
    else:
        rows = standing(wanted.rows(actor))
    found = list(rows.filter(state=AdviceState.OPEN).select_for_update(of=("self",)).order_by("pk"))
    if not found:
        raise Conflict("No open recommendation fits.")
    batch = _decide(actor, found, AdviceState.DISMISSED)
    return AdviceDecision(
        sentence=f"{counted(len(found), 'recommendation')} dismissed; no night will advise "
        f"{'it' if len(found) == 1 else 'them'} again.",
        count=len(found),
        batch=str(batch),
    )


def _decide(actor: Actor, rows: list[Recommendation], state: AdviceState) -> uuid.UUID:
    batch, now = uuid.uuid4(), timezone.now()
    Recommendation.objects.filter(pk__in=[one.pk for one in rows]).update(
        state=state.value, decided_at=now, decided_by=actor.name, batch=batch
    )
    touch("saving", [one.pk for one in rows])
    return batch


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="savings/restore",
    examples=(),
    title="Take back decisions on savings",
)
def restore_recommendations(
    actor: Actor, *, batch: Annotated[uuid.UUID, Field(description="What ties the decisions together")]
) -> AdviceDecision:
    """Take back one decision on savings: the SIMs get their plans and quotas back, the recommendations are open again.

    Refused when something has changed a SIM since; retired SIMs stay retired.
    """
    rows = visible(actor).filter(batch=batch, state__in=(AdviceState.APPLIED, AdviceState.DISMISSED))
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    if not found or Recommendation.objects.filter(batch=batch).count() != len(found):
        raise NotFound("There is no such decision of yours.", field="batch")
    applied = [one for one in found if one.state == AdviceState.APPLIED]
    if applied:
        actor.require(Permission.MONEY, doing="move SIMs to other plans")
    sims = applying.take_back(actor, applied)
    applying.reopen(actor.organization_id, found)
    touch("saving", [one.pk for one in found])
    back = f" {counted(sims, 'SIM')} have their former plan or quota." if sims else ""
    return AdviceDecision(
        sentence=f"{counted(len(found), 'recommendation is', 'recommendations are')} open again.{back}",
        count=len(found),
        batch=str(batch),
    )
