"""The suite asked of one model, case by case, with every result kept. The same for the command and the job."""

import asyncio
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from copilot import llm
from copilot.evaluation.asking import ask_case
from copilot.evaluation.cases import Case, Turn, chosen, hash_of, suite
from copilot.evaluation.checking import Assertion, Heard
from copilot.evaluation.sandbox import Sandbox
from copilot.llm import PLANNER
from copilot.models import AddedCase, EvaluationCase, EvaluationRun, EvaluationState, Run
from iotsim.core.effects import announce
from iotsim.core.errors import Conflict, Invalid
from iotsim.core.jobs import Stopped
from iotsim.core.models import Job, JobState, Organization
from iotsim.core.tenancy import tenant

DEAD_AFTER: Final = timedelta(minutes=15)  # without a word of a case
KEPT_CHARS: Final = 2_000  # of a tool's result
ADDED: Final = "added"  # the category of cases out of real conversations

OnCase = Callable[[EvaluationRun, EvaluationCase], None]


@dataclass(frozen=True)
class Wish:
    """What is to be evaluated, and who wants it."""

    model: str
    only: str = ""
    repeat: int = 1
    who: str = "iotsim"
    user_id: int | None = None
    job_id: int | None = None


def offered() -> list[str]:
    """The models that this server has been given, the planner last."""
    named = [settings.COPILOT_MODEL, *getattr(settings, "COPILOT_MODELS", [])]
    return [*dict.fromkeys(one for one in named if one), PLANNER]


def check_model(model: str) -> str:
    """The model, or what is configured. Raises Invalid for one that this server was not given."""
    if model and model not in offered():
        raise Invalid(f"{model} is not offered here. Choose one of {', '.join(offered())}.", field="model")
    return model or offered()[0]


def all_cases(organization_id: int) -> list[Case]:
    """The suite's files and what people of this organisation added to them."""
    with tenant(organization_id, read_only=True):
        rows = list(AddedCase.objects.order_by("pk"))
    return [*suite(), *(case_of(one) for one in rows)]


def case_of(row: AddedCase) -> Case:
    turns = [Turn.model_validate(one) for one in row.turns]
    return Case(name=f"{row.name[:100]} ({row.run_id})", category=ADDED, turns=turns)


def begin(organization: Organization, wish: Wish) -> tuple[EvaluationRun, list[Case]]:
    """The row of a new evaluation. Raises Invalid, or Conflict while another one runs."""
    cases = chosen(all_cases(organization.pk), wish.only)
    with tenant(organization.pk):
        _end_the_dead()
        try:
            with transaction.atomic():
                row = EvaluationRun.objects.create(
                    organization=organization, model=wish.model, only=wish.only, repeat=wish.repeat,
                    suite_hash=hash_of(cases), version=version(), total=len(cases) * wish.repeat,
                    who=wish.who, user_id=wish.user_id, job_id=wish.job_id,
                )  # fmt: skip
        except IntegrityError as error:
            raise Conflict("An evaluation is running already. Wait for it, or stop it first.") from error
        announce(organization.pk, {"evaluation": [row.pk]})
    return row, cases


def _end_the_dead() -> None:
    """What a process that died left behind, inside the tenant's transaction."""
    for row in EvaluationRun.objects.filter(state=EvaluationState.RUNNING):
        jobs = Job.objects.filter(pk=row.job_id or 0, state__in=[JobState.QUEUED, JobState.RUNNING])
        alive = jobs.exists() if row.job_id else row.seen_at > timezone.now() - DEAD_AFTER
        if not alive:
            _close(row, EvaluationState.FAILED, "The process that ran this evaluation ended in the middle.")


def evaluate(organization: Organization, wish: Wish, on_case: OnCase) -> EvaluationRun:
    """Ask every case and keep what came of it. `on_case` hears of each; what it raises ends the evaluation.

    Raises Invalid or Conflict before anything is asked.
    """
    row, cases = begin(organization, wish)
    sandbox = Sandbox(organization)
    try:
        with answering(wish.model), asyncio.Runner() as runner:
            llm.warm(wish.model)  # its time is not the first case's
            try:
                for attempt, case in _plan(cases, wish.repeat):
                    on_case(row, _ask(row, sandbox, runner, case, attempt))
            finally:
                runner.run(llm.hang_up())
    except Stopped:
        _end(row, EvaluationState.STOPPED)
        raise
    except BaseException as error:
        _end(row, EvaluationState.FAILED, f"It broke off: {getattr(error, 'sentence', type(error).__name__)}")
        raise
    finally:
        sandbox.close()
    _end(row, EvaluationState.DONE)
    return row


def _plan(cases: Sequence[Case], repeat: int) -> Iterator[tuple[int, Case]]:
    return ((attempt, case) for attempt in range(1, repeat + 1) for case in cases)


@contextmanager
def answering(model: str) -> Iterator[None]:
    """This process asks that model, and no other when it fails. One evaluation at a time in a process."""
    before = settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS
    settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS = "" if model == PLANNER else model, []
    try:
        yield
    finally:
        settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS = before


def _ask(row: EvaluationRun, sandbox: Sandbox, runner: asyncio.Runner, case: Case, attempt: int) -> EvaluationCase:
    with sandbox.person_for(case) as actor:
        found = runner.run(ask_case(actor, case))
    runs = _runs(sandbox, [heard.run_id for heard, _ in found if heard.run_id])
    made = EvaluationCase(
        organization_id=row.organization_id,
        run=row,
        name=case.name,
        category=case.category,
        attempt=attempt,
        passed=all(one.held for _, assertions in found for one in assertions),
        turns=[_plain(heard, assertions) for heard, assertions in found],
        input_tokens=sum(one.input_tokens for one in runs),
        output_tokens=sum(one.output_tokens for one in runs),
        cost=_sum([one.cost for one in runs]),
        duration_ms=sum(heard.duration_ms for heard, _ in found),
    )
    _keep(row, made)
    return made


def _runs(sandbox: Sandbox, ids: list[int]) -> list[Run]:
    """The runs of a case, those too that went on after a decision: nobody else asks there."""
    with tenant(sandbox.organization.pk, read_only=True):
        return list(Run.objects.filter(pk__gte=min(ids))) if ids else []


def _sum(costs: Sequence[Decimal | None]) -> Decimal | None:
    known = [one for one in costs if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _plain(heard: Heard, assertions: Sequence[Assertion]) -> dict[str, Any]:
    """A turn as it is kept."""
    kept = asdict(heard) | {"assertions": [asdict(one) for one in assertions]}
    for call in kept["calls"]:
        call["result"] = call["result"][:KEPT_CHARS]
    text: dict[str, Any] = _without_nul(kept)
    return text


def _without_nul(value: Any) -> Any:
    """PostgreSQL's jsonb holds no NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {name: _without_nul(one) for name, one in value.items()}
    return [_without_nul(one) for one in value] if isinstance(value, list) else value


def _keep(row: EvaluationRun, made: EvaluationCase) -> None:
    with tenant(row.organization_id):
        made.save()
        row.done += 1
        row.passed += made.passed
        row.input_tokens += made.input_tokens
        row.output_tokens += made.output_tokens
        row.save()
        announce(row.organization_id, {"evaluation": [row.pk]})


def _end(row: EvaluationRun, state: EvaluationState, error: str = "") -> None:
    with tenant(row.organization_id):
        row.cost = _sum(list(EvaluationCase.objects.filter(run=row).values_list("cost", flat=True)))
        _close(row, state, error)


def _close(row: EvaluationRun, state: EvaluationState, error: str) -> None:
    row.state, row.error, row.finished_at = state.value, error[:500], timezone.now()
    row.save()
    announce(row.organization_id, {"evaluation": [row.pk]})


@cache
def version() -> str:
    """The product's release, and the commit where it runs out of a repository."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    command = ["git", "-C", str(settings.BASE_DIR), "rev-parse", "--short", "HEAD"]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        commit = made.stdout.strip() if made.returncode == 0 else ""
    except OSError:
        commit = ""
    return f"{project['version']} ({commit})" if commit else str(project["version"])
