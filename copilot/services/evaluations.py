"""How well models do as the copilot: asking the suite, its results, two runs side by side, cases people added."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from copilot.evaluation.cases import chosen, suite
from copilot.evaluation.comparing import case_row, compare, out, shares
from copilot.evaluation.running import Wish, all_cases, check_model, evaluate, offered
from copilot.models import AddedCase, EvaluationCase, EvaluationRun, EvaluationState, Run, ToolCall
from copilot.schemas.evaluations import (
    AddedCaseOut,
    CaseDetails,
    EvaluationComparison,
    EvaluationDetails,
    EvaluationDone,
    EvaluationOut,
    EvaluationPage,
    TrendOut,
    turn_of,
)
from copilot.services.runs import RunNumber, runs_of
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Organization
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted

TREND: Final = 20  # runs in the figure
MOST_ADDED: Final = 200
Number = Annotated[int, Field(description="Number of an evaluation", gt=0, lt=2**63)]
Only = Annotated[str, Field(description="Only the cases of this category, tag or name", max_length=60)]
Repeat = Annotated[int, Field(description="How often each case is asked", ge=1, le=5)]
ModelName = Annotated[str | None, Field(description="The model to ask; else the one that is set up", max_length=120)]


def _must_see_all(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("Evaluations are about the whole organisation, and you look after some customers only.")


def _find(number: int) -> EvaluationRun:
    row = EvaluationRun.objects.filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no evaluation {number}.", field="evaluation")
    return row


def _cases(row: EvaluationRun) -> list[EvaluationCase]:
    return list(EvaluationCase.objects.filter(run=row).order_by("pk"))


@service(
    permission=Permission.ADMINISTER, risk=Risk.READ, path="copilot/evaluations", examples=(), title="Evaluations",
    people_only=True,
)  # fmt: skip
def list_evaluations(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> EvaluationPage:
    """List how well models did as the copilot, newest first, with the shares of each category over time."""
    _must_see_all(actor)
    page, following = newest_page(EvaluationRun.objects.all(), cursor, limit)
    cases = suite()
    running = EvaluationRun.objects.filter(state=EvaluationState.RUNNING).first()
    return EvaluationPage(
        sentence=f"{counted(len(page), 'evaluation')}{' and more' if following else ''}.",
        items=[out(one) for one in page],
        next_cursor=following,
        models=offered(),
        categories=list(dict.fromkeys(one.category for one in cases)),
        cases=len(cases),
        added=[_added(one) for one in AddedCase.objects.order_by("-pk")[:MOST_ADDED]],
        trend=_trend(),
        running=out(running) if running else None,
    )


def _trend() -> list[TrendOut]:
    """Complete runs of the whole suite: those of a part do not compare."""
    rows = EvaluationRun.objects.filter(state=EvaluationState.DONE, only="").order_by("-pk")[:TREND]
    by_run: dict[int, list[EvaluationCase]] = {one.pk: [] for one in reversed(rows)}
    for case in EvaluationCase.objects.filter(run_id__in=by_run).defer("turns").order_by("pk"):
        by_run[case.run_id].append(case)
    return [
        TrendOut(id=one.pk, at=one.started_at, model=one.model, shares=shares(by_run[one.pk])) for one in reversed(rows)
    ]


@service(
    permission=Permission.ADMINISTER, risk=Risk.READ, path="copilot/evaluations/{evaluation}", examples=(),
    title="Evaluation", people_only=True,
)  # fmt: skip
def get_evaluation(actor: Actor, *, evaluation: Number) -> EvaluationDetails:
    """Show one evaluation: the share of each category, and every case with what it missed."""
    _must_see_all(actor)
    row = _find(evaluation)
    cases = _cases(row)
    others = EvaluationRun.objects.exclude(pk=row.pk).exclude(state=EvaluationState.RUNNING).order_by("-pk")[:20]
    return EvaluationDetails(
        **out(row, cases).model_dump(),
        shares=shares(cases),
        cases=[case_row(one) for one in cases],
        others=[out(one) for one in others],
    )


@service(
    permission=Permission.ADMINISTER, risk=Risk.READ, path="copilot/evaluations/{evaluation}/against/{other}",
    examples=(), title="Compare evaluations", people_only=True,
)  # fmt: skip
def compare_evaluations(actor: Actor, *, evaluation: Number, other: Number) -> EvaluationComparison:
    """Say which cases got better or worse from one evaluation to another, the older one first."""
    _must_see_all(actor)
    first, second = sorted((_find(evaluation), _find(other)), key=lambda one: one.pk)
    return compare(first, _cases(first), second, _cases(second))


@service(
    permission=Permission.ADMINISTER, risk=Risk.READ, path="copilot/evaluation-cases/{case}", examples=(),
    title="Evaluated case", people_only=True,
)  # fmt: skip
def get_evaluated_case(
    actor: Actor, *, case: Annotated[int, Field(description="Number of the case's result", gt=0, lt=2**63)]
) -> CaseDetails:
    """Show what was asked and answered in one case, and which assertions held."""
    _must_see_all(actor)
    row = EvaluationCase.objects.select_related("run").filter(pk=case).first()
    if row is None:
        raise NotFound(f"There is no evaluated case {case}.", field="case")
    found = case_row(row)
    return CaseDetails(
        sentence=f"{row.name}: {'passed' if row.passed else 'failed'}.",
        evaluation=out(row.run),
        case=found,
        turns=[turn_of(one) for one in row.turns],
    )


def prepare_evaluation(actor: Actor, job: JobOut, *, model: str | None, only: str, repeat: int) -> str:
    """Refuse at once what its worker would refuse; the first note of the job."""
    _must_see_all(actor)
    asked = check_model(model or "")
    if EvaluationRun.objects.filter(state=EvaluationState.RUNNING).exists():
        raise Conflict("An evaluation is running already. Wait for it, or stop it first.")
    return f"Evaluation of {asked}, {counted(len(chosen(suite_of(), only)) * repeat, 'case')}"


def suite_of() -> list[Any]:
    """The suite with the cases added here; inside the tenant's transaction."""
    from copilot.evaluation.running import case_of

    return [*suite(), *(case_of(one) for one in AddedCase.objects.order_by("pk"))]


@service(
    permission=Permission.ADMINISTER, risk=Risk.WRITE, path="copilot/evaluations/run", examples=(),
    title="Evaluate the copilot", job=True, prepare=prepare_evaluation, people_only=True,
)  # fmt: skip
def run_evaluation(
    actor: Actor, *, model: ModelName = None, only: Only = "", repeat: Repeat = 1, job: RunningJob
) -> EvaluationDone:
    """Ask a model every conversation of the suite, in an organisation made for it, and keep what came of each.

    With a model of a provider this costs what its tokens cost. No SIM of yours is touched.
    """
    organization = Organization.objects.get(pk=actor.organization_id)
    wish = Wish(check_model(model or ""), only, repeat, who=actor.name, user_id=actor.user_id, job_id=job.id)
    total = len(chosen(all_cases(organization.pk), only)) * repeat
    job.progress(done=0, total=total, note=f"Evaluation of {wish.model}")

    def on_case(row: EvaluationRun, case: EvaluationCase) -> None:
        job.progress(done=row.done, total=total, note=f"Evaluation of {wish.model}: {row.passed:,} passed")

    row = evaluate(organization, wish, on_case)
    with tenant(organization.pk, read_only=True):
        told: EvaluationOut = out(row)
    return EvaluationDone(sentence=told.sentence, id=row.pk, path=f"/copilot/evaluations/{row.pk}/")


# --- cases out of real conversations ---


def _added(row: AddedCase) -> AddedCaseOut:
    return AddedCaseOut(
        sentence=f"“{row.name}” is part of the suite.",
        id=row.pk,
        name=row.name,
        run=row.run_id,
        who=row.who,
        questions=[one["ask"] for one in row.turns],
        created_at=row.created_at,
    )


def _undo_add(actor: Actor, arguments: BaseModel, result: AddedCaseOut) -> Undo:
    return Undo("remove_case", {"case": result.id})


@service(
    permission=Permission.ADMINISTER, risk=Risk.WRITE, path="copilot/evaluation-cases/add", examples=(),
    title="Add to the suite", undo=_undo_add, people_only=True,
)  # fmt: skip
def add_case(
    actor: Actor,
    *,
    run: RunNumber,
    good: Annotated[bool, Field(description="It was answered well: the same tools must be called; else they must not")],
) -> AddedCaseOut:
    """Make a case of the suite out of a conversation up to one answer, by the tools that it called.

    It is asked of the fixed fleet, so that figures and names in it do not count, only which tools are called.
    """
    _must_see_all(actor)
    row = runs_of(actor).filter(pk=run).first()
    if row is None:
        raise NotFound(f"There is no run {run} that you may see.", field="run")
    if AddedCase.objects.filter(run_id=run).exists():
        raise Conflict("This conversation is part of the suite already.")
    turns = [{"ask": one} for one in _questions(row)]
    tools = list(dict.fromkeys(ToolCall.objects.filter(run=row).order_by("pk").values_list("name", flat=True)))
    turns[-1] |= _wanted(tools, good=good)
    made = AddedCase.objects.create(
        organization_id=actor.organization_id, name=" ".join(row.question.split())[:120], turns=turns,
        thread_id=row.thread_id, run_id=row.pk, who=actor.name,
    )  # fmt: skip
    touch("evaluation", [made.pk])
    return _added(made)


def _wanted(tools: list[str], *, good: bool) -> dict[str, Any]:
    if good:
        return {"called": [{"tool": one} for one in tools]} if tools else {"calls": []}
    return {"not_called": tools} if tools else {"called": [{"tool": offered_tools()}]}


def offered_tools() -> list[str]:
    """Any tool at all: what was declined should have been done."""
    from copilot.tools import all_tools

    return [one.name for one in all_tools()]


def _questions(row: Run) -> list[str]:
    """What was asked up to this answer, in its branch of the conversation; the newest few."""
    by_id = {one.pk: one for one in Run.objects.filter(thread_id=row.thread_id, pk__lte=row.pk)}
    path, at = [], by_id.get(row.pk)
    while at is not None:
        path.append(at.question)
        at = by_id.get(at.parent_id or 0)
    return [one for one in reversed(path) if one][-6:]


@service(
    permission=Permission.ADMINISTER, risk=Risk.WRITE, path="copilot/evaluation-cases/{case}/remove", examples=(),
    title="Remove from the suite", people_only=True,
)  # fmt: skip
def remove_case(
    actor: Actor, *, case: Annotated[int, Field(description="Number of the added case", gt=0, lt=2**63)]
) -> AddedCaseOut:
    """Take a case that was made of a conversation out of the suite. Results that it had stay."""
    _must_see_all(actor)
    row = AddedCase.objects.filter(pk=case).first()
    if row is None:
        raise NotFound(f"There is no added case {case}.", field="case")
    told = _added(row)
    row.delete()
    touch("evaluation", [case])
    return told.model_copy(update={"sentence": f"“{told.name}” is no longer part of the suite."})
