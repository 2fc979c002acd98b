"""Figures of evaluations, and two of them side by side. Pure: rows in, schemas out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from copilot.models import EvaluationCase, EvaluationRun
from copilot.schemas.evaluations import (
    CaseRow,
    ChangedCase,
    ComparedShare,
    EvaluationComparison,
    EvaluationOut,
    ShareOut,
)
from iotsim.core.wording import counted

_SAME = ("model", "version", "suite_hash", "only", "repeat", "state", "total", "done", "passed", "input_tokens",
         "output_tokens", "who", "error", "started_at", "finished_at")  # fmt: skip


def out(row: EvaluationRun, cases: Sequence[EvaluationCase] = ()) -> EvaluationOut:
    return EvaluationOut(
        sentence=sentence_of(row),
        id=row.pk,
        job=row.job_id,
        cost=None if row.cost is None else float(row.cost),
        median_ms=round(median(one.duration_ms for one in cases)) if cases else 0,
        **{name: getattr(row, name) for name in _SAME},
    )


def sentence_of(row: EvaluationRun) -> str:
    share = f"{row.passed:,} of {counted(row.done, 'case')} passed"
    match row.state:
        case "running":
            return f"{row.model} is being asked: {row.done:,} of {row.total:,}, {row.passed:,} passed so far."
        case "stopped":
            return f"{row.model}, stopped after {row.done:,} of {row.total:,}: {share}."
        case "failed":
            return f"{row.model}: {row.error or 'it broke off.'}"
    return f"{row.model}: {share} ({100 * row.passed / max(row.done, 1):.1f} %)."


def shares(cases: Iterable[EvaluationCase]) -> list[ShareOut]:
    """By category, in the order of the suite."""
    found: dict[str, ShareOut] = {}
    for one in cases:
        share = found.setdefault(one.category, ShareOut(category=one.category, passed=0, total=0))
        share.total += 1
        share.passed += one.passed
    return list(found.values())


def case_row(one: EvaluationCase) -> CaseRow:
    missed = [given["words"] for turn in one.turns for given in turn["assertions"] if not given["held"]]
    same = ("name", "category", "attempt", "passed", "input_tokens", "output_tokens", "duration_ms")
    cost = None if one.cost is None else float(one.cost)
    return CaseRow(id=one.pk, missed=missed, cost=cost, **{name: getattr(one, name) for name in same})


def compare(
    first: EvaluationRun, firsts: Sequence[EvaluationCase], second: EvaluationRun, seconds: Sequence[EvaluationCase]
) -> EvaluationComparison:
    """Which cases got better or worse from the first to the second; of several attempts the share counts."""
    before, after = _by_name(firsts), _by_name(seconds)
    both = [name for name in before if name in after]
    changed = [_changed(before[name], after[name]) for name in both if _rate(before[name]) != _rate(after[name])]
    better = [one for one in changed if _rate(before[one.name]) < _rate(after[one.name])]
    worse = [one for one in changed if one not in better]
    told = f"{counted(len(better), 'case')} better, {len(worse):,} worse, {len(both) - len(changed):,} as before."
    return EvaluationComparison(
        sentence=told,
        first=out(first, firsts),
        second=out(second, seconds),
        same_suite=first.suite_hash == second.suite_hash,
        better=better,
        worse=worse,
        only_first=len(before) - len(both),
        only_second=len(after) - len(both),
        shares=_compared(firsts, seconds),
    )


def _by_name(cases: Sequence[EvaluationCase]) -> dict[str, list[EvaluationCase]]:
    found: dict[str, list[EvaluationCase]] = defaultdict(list)
    for one in cases:
        found[one.name].append(one)
    return found


def _rate(attempts: Sequence[EvaluationCase]) -> float:
    return sum(one.passed for one in attempts) / len(attempts)


def _changed(before: Sequence[EvaluationCase], after: Sequence[EvaluationCase]) -> ChangedCase:
    return ChangedCase(
        name=before[0].name,
        category=before[0].category,
        first_case=_telling(before).pk,
        second_case=_telling(after).pk,
        first=_words(before),
        second=_words(after),
    )


def _telling(attempts: Sequence[EvaluationCase]) -> EvaluationCase:
    """The attempt to look at: the first that failed, if one did."""
    return next((one for one in attempts if not one.passed), attempts[0])


def _words(attempts: Sequence[EvaluationCase]) -> str:
    if len(attempts) == 1:
        return "passed" if attempts[0].passed else "failed"
    return f"{sum(one.passed for one in attempts)} of {len(attempts)}"


def _compared(firsts: Sequence[EvaluationCase], seconds: Sequence[EvaluationCase]) -> list[ComparedShare]:
    before, after = ({one.category: one.percent for one in shares(rows)} for rows in (firsts, seconds))
    return [
        ComparedShare(category=category, first=before[category], second=after[category])
        for category in before
        if category in after
    ]
