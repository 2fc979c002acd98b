"""Forecasts: what SIMs, customers, pools and the fleet will use, and when quotas run out."""

from typing import Annotated, Final

from pydantic import Field

from analytics.ahead.parameters import BEFORE, Chance, DaysAhead, DaysBack, RiskOrder
from analytics.examples import EXAMPLES
from analytics.schemas.forecasts import ModelComparison, QuotaRisk, QuotaRisks, UsageAnalysis, UsageForecast
from iotsim.core.actor import Actor
from iotsim.core.jobs import RunningJob
from iotsim.core.offers import Offer
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Day, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from sims.filters import SimFilter
from sims.naming import find_sim
from sims.offering import larger_quota
from sims.parameters import CustomerName, PlanName, SimRef, TagName
from sims.usage import local_today

WEEK: Final = 7
QUARTER: Final = 90
WILL: Final = 0.5  # as likely as not
COUNT_UP_TO: Final = 10_000
OFFERED: Final = 3  # SIMs whose quota is offered to be raised


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="forecasts/usage",
    examples=EXAMPLES["get_usage_forecast"],
    title="Usage forecast",
)
def get_usage_forecast(
    actor: Actor,
    *,
    sim: SimRef | None = None,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    days: DaysAhead = WEEK,
) -> UsageForecast:
    """Forecast the usage of a SIM, a customer, a pool (a plan with its customer) or, without any, of the whole fleet.

    The next days, the billing cycle to its end, when the quota runs out and how likely that is, each with bounds.
    """
    from analytics.ahead.answers import forecast_answer
    from analytics.ahead.reading import look_ahead
    from analytics.ahead.subjects import subject_of

    subject = subject_of(actor, sim=sim, customer=customer, plan=plan)
    return forecast_answer(actor, look_ahead(actor, subject), days)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="analysis/usage",
    examples=EXAMPLES["analyze_usage"],
    title="Usage analysis",
)
def analyze_usage(
    actor: Actor, *, sim: SimRef | None = None, customer: CustomerName | None = None, days: DaysBack = QUARTER
) -> UsageAnalysis:
    """Say what the usage of a SIM, a customer or the fleet is like: average, high days, trend, spread, quota.

    Of whole days: without a number, the last 90.
    """
    from analytics.ahead.analysis import analyse
    from analytics.ahead.answers import analysis_answer
    from analytics.ahead.series import series_of
    from analytics.ahead.subjects import subject_of

    subject = subject_of(actor, sim=sim, customer=customer)
    series = series_of(actor, subject, days)
    quota = subject.sim.effective_quota_bytes if subject.sim else None
    count = 1 if subject.sim else subject.sims.exclude(status__in=("inventory", "retired")).count()
    return analysis_answer(subject, series, analyse(series.values, series.weekdays), quota or None, count)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="forecasts",
    examples=EXAMPLES["list_quota_risks"],
    title="Quota risks",
)
def list_quota_risks(
    actor: Actor,
    *,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    tag: TagName | None = None,
    min_probability: Annotated[Chance, Field(description="How likely it must be, 0 to 1 or in percent")] = WILL,
    before: Annotated[Day | None, Field(description="Only those that run out on this day or earlier"), BEFORE] = None,
    is_over: Annotated[
        bool | None, Field(description="Only those over their quota already, or only those that are not yet")
    ] = None,
    sort: RiskOrder = "probability",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> QuotaRisks:
    """List the active SIMs that will pass their quota before their billing cycle ends, with the day and the chance."""
    from analytics.ahead.risks import Wanted, risks
    from analytics.ahead.words import risks_sentence
    from analytics.models import SimForecast

    sims = SimFilter(plan=plan, tag=tag, customer=customer).rows(actor)
    wanted = Wanted(min_probability, before, is_over)
    page = risks(actor, sims, wanted, order=sort, cursor=cursor, limit=limit, most=COUNT_UP_TO)
    total, exact = min(page.total, COUNT_UP_TO), page.total <= COUNT_UP_TO
    is_forecast = bool(page.items) or SimForecast.objects.filter(organization_id=actor.organization_id).exists()
    today = local_today(actor)
    said = risks_sentence(page.items, total, exact=exact, over=page.over, least=min_probability, today=today)
    return QuotaRisks(
        sentence=said if is_forecast else "There are no forecasts yet: they are made each night.",
        items=page.items,
        total=total,
        total_is_exact=exact,
        over=page.over,
        min_probability=min_probability,
        next_cursor=page.following,
        as_of=max((one.as_of for one in page.items), default=None),
        is_forecast=is_forecast,
        offers=[] if cursor else [offer for one in page.items[:OFFERED] for offer in _more_quota(one)],
    )


def _more_quota(one: QuotaRisk) -> list[Offer]:
    return larger_quota(one.iccid, one.name, quota_bytes=one.quota_bytes, expected_bytes=one.cycle_high_bytes)


def _prepare_comparison(actor: Actor, job: JobOut, *, sim: str, days: int) -> str:
    return f"Comparing models for SIM {find_sim(actor, sim).short_name}"


@service(
    permission=Permission.REPORT,
    risk=Risk.WRITE,
    path="sims/{sim}/models",
    examples=EXAMPLES["compare_models"],
    title="Compare models",
    job=True,
    prepare=_prepare_comparison,
)
def compare_models(actor: Actor, *, sim: SimRef, days: DaysAhead = 14, job: RunningJob) -> ModelComparison:
    """Let several forecasting models compete on the last days of one SIM, and show what each says of the next.

    Prophet, AutoETS, DynamicOptimizedTheta, AutoCES and their median, beside the night's own, within a time limit.
    """
    from analytics.ahead.comparing import compare

    return compare(actor, sim, days, job)
