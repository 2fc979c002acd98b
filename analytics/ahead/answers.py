"""Forecasts and analyses as services answer them."""

from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from analytics.ahead.analysis import Analysis
from analytics.ahead.reading import Ahead, Day, first_open_day
from analytics.ahead.words import analysis_sentence, forecast_sentence, headline
from analytics.models import SimForecast
from analytics.schemas.forecasts import ForecastDay, PastDay, UsageAnalysis, UsageForecast
from iotsim.core.offers import Offer
from sims.lifecycle import Status
from sims.offering import larger_quota

if TYPE_CHECKING:
    from analytics.ahead.series import Series
    from analytics.ahead.subjects import Subject
    from iotsim.core.actor import Actor

MONTH: Final = 30
STOPPED: Final = {
    Status.SUSPENDED: "It is suspended and uses nothing until it is resumed; this holds if it goes on as before.",
    Status.INACTIVE: "It is inactive and uses nothing until it is activated; this holds if it goes on as before.",
    Status.RETIRED: "It is retired, so it will use nothing any more.",
    Status.INVENTORY: "It is in stock and not in use yet.",
}


def forecast_answer(actor: "Actor", ahead: Ahead, days: int) -> UsageForecast:
    """The forecast of so many days, with its cycle."""
    subject, kept, outlook = ahead.subject, ahead.kept, ahead.outlook
    start = first_open_day(actor, ahead)
    low, middle, high = ahead.total(start, days)
    answer = UsageForecast(
        scope=subject.scope,
        name=subject.name,
        sims=ahead.sims,
        iccid=subject.sim.iccid if subject.sim else None,
        customer=_customer_name(subject),
        plan=_plan_name(subject),
        days=_days(ahead.days(start, days)),
        low_bytes=low,
        middle_bytes=middle,
        high_bytes=high,
        cycle_start_date=outlook.start,
        cycle_end_date=outlook.end,
        used_bytes=outlook.used,
        quota_bytes=outlook.quota,
        cycle_low_bytes=outlook.cycle[0],
        cycle_middle_bytes=outlook.cycle[1],
        cycle_high_bytes=outlook.cycle[2],
        exhausts_on=outlook.exhausts_on,
        exhausts_probability=outlook.probability,
        is_over=bool(outlook.quota and outlook.used > outlook.quota),
        history_days=kept.history_days,
        is_prior=kept.is_prior,
        tier=kept.tier,
        model=kept.model,
        version=kept.version,
        device_class=kept.device_class if isinstance(kept, SimForecast) else "",
        as_of=outlook.as_of,
        notes=notes_on(subject, ahead),
        past=[PastDay(day=one.day, used_bytes=one.bytes_total) for one in ahead.past if one.day <= start],
        path=_days(ahead.path()),
        link=subject.link,
        chart=f"/charts/?{urlencode({'chart_type': 'forecast', **_names(subject)})}",
    )
    said = {"sentence": forecast_sentence(answer, ZoneInfo(actor.time_zone)), "headline": headline(answer)}
    return answer.model_copy(update={**said, "offers": _offers(subject, answer)})


def _offers(subject: "Subject", answer: UsageForecast) -> list[Offer]:
    """A larger quota for a SIM of its own that will pass the one it has."""
    sim = subject.sim
    if sim is None or answer.weight != "hot" or (sim.plan is not None and sim.plan.pooled):
        return []
    expected = answer.cycle_high_bytes
    return larger_quota(sim.iccid, sim.short_name, quota_bytes=answer.quota_bytes, expected_bytes=expected)


def _days(found: list[Day]) -> list[ForecastDay]:
    return [ForecastDay(day=one.day, low_bytes=one.low, middle_bytes=one.middle, high_bytes=one.high) for one in found]


def _names(subject: "Subject") -> dict[str, str]:
    """What the subject is called in an address."""
    if subject.sim:
        return {"sim": subject.sim.iccid}
    named = {"customer": subject.customer, "plan": subject.plan}
    return {name: found.name for name, found in named.items() if found}


def notes_on(subject: "Subject", ahead: Ahead) -> list[str]:
    """What the figures do not say by themselves."""
    sim = subject.sim
    notes = [STOPPED.get(Status(sim.status), "")] if sim else []
    if sim and sim.plan and sim.plan.pooled and sim.quota_bytes is None:
        notes.append(f"Its plan {sim.plan.name} is pooled: the quota is that of the pool, not its own.")
    if sim and ahead.outlook.quota is None and not (sim.plan and sim.plan.pooled):
        notes.append("It has no quota." if sim.plan else "It has neither a plan nor a quota.")
    if subject.scope == "some" and subject.plan and not subject.plan.pooled:
        notes.append(f"The plan {subject.plan.name} is not pooled: each SIM has a quota of its own.")
    return [one for one in notes if one]


def _customer_name(subject: "Subject") -> str | None:
    if subject.customer:
        return subject.customer.name
    return subject.sim.customer.name if subject.sim and subject.sim.customer else None


def _plan_name(subject: "Subject") -> str | None:
    if subject.plan:
        return subject.plan.name
    return subject.sim.plan.name if subject.sim and subject.sim.plan else None


def analysis_answer(
    subject: "Subject", series: "Series", found: Analysis, quota: int | None, sims: int
) -> UsageAnalysis:
    """The figures of a series, rounded as people read them."""
    trend = None if found.trend is None else (round(100 * found.trend, 1) if found.trend_is_clear else 0.0)
    answer = UsageAnalysis(
        scope=subject.scope,
        name=subject.name,
        sims=sims,
        iccid=subject.sim.iccid if subject.sim else None,
        customer=_customer_name(subject),
        start_date=first_known(series),
        end_date=series.last_day,
        known_days=found.known_days,
        used_days=found.used_days,
        average_bytes=round(found.average),
        p95_bytes=round(found.p95),
        peak_bytes=round(found.peak),
        trend_percent=trend,
        trend_words="unknown" if trend is None else "rising" if trend > 0 else "falling" if trend < 0 else "steady",
        volatility_percent=None if found.volatility is None else round(100 * found.volatility, 1),
        utilisation_percent=round(100 * MONTH * found.average / quota, 1) if quota else None,
        quota_bytes=quota,
        weekday_bytes=[round(one) for one in found.weekdays] if found.weekdays else None,
        as_of=series.as_of,
        link=subject.link,
    )
    return answer.model_copy(update={"sentence": analysis_sentence(answer)})


def first_known(series: "Series") -> date:
    """The first day that anything is known of."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(series.values))
    return date.fromordinal(series.first_day.toordinal() + (int(known[0]) if known.size else 0))
