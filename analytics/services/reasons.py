"""Why a SIM uses what it uses."""

from datetime import date, timedelta
from typing import Final

from analytics.examples import EXAMPLES
from analytics.schemas.reasons import UsageExplained
from iotsim.core.actor import Actor
from iotsim.core.parameters import Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from sims.models import Sim
from sims.naming import find_sim
from sims.parameters import SimRef
from sims.periods import period_of
from sims.schemas.fleet import UsageDay
from sims.usage import cycle_of, local_today, sim_days

NORMAL_DAYS: Final = 56
CHANGE_DAYS: Final = 60
FEWEST_DAYS: Final = 3  # of a billing cycle, before its first days say anything


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="sims/{sim}/reasons",
    examples=EXAMPLES["explain_usage"],
    title="Why it uses so much",
)
def explain_usage(
    actor: Actor, *, sim: SimRef, start_date: Day | None = None, end_date: Day | None = None
) -> UsageExplained:
    """Explain why a SIM uses so much: against its own normal, its plan and its like; since when, which hour, where.

    Without a period, of the billing cycle so far. Says plainly when it is not high at all.
    """
    from analytics.reasons import facts, numbers, words

    found = find_sim(actor, sim)
    today = local_today(actor)
    start, end = _period(actor, found, start_date, end_date)
    days = sim_days(found, start, end)
    before = facts.amounts(_known_before(found, start))
    held = numbers.against(before, facts.amounts(days))
    lately = sim_days(found, today - timedelta(days=CHANGE_DAYS - 1), today)
    rose = numbers.began(facts.amounts(lately[:-1])) if held.is_high else None  # today is not over yet
    hour = numbers.busiest(facts.hours_of_day(actor, found, start, end))
    networks, countries = facts.places(actor, found, start, end)
    peak = max(days, key=lambda one: one.bytes_total)
    quota = found.effective_quota_bytes
    answer = UsageExplained(
        iccid=found.iccid,
        label=found.label,
        start_date=start,
        end_date=end,
        total_bytes=round(held.total),
        usual_bytes=None if held.usual is None else round(held.usual),
        ratio=None if held.ratio is None else round(held.ratio, 2),
        is_high=held.is_high or bool(held.total and held.usual == 0),
        began_on=lately[rose].day if rose is not None else None,
        peak_day=peak.day if held.total else None,
        peak_bytes=peak.bytes_total,
        busiest_hour=hour[0] if hour else None,
        busiest_percent=round(100 * hour[1], 1) if hour else None,
        networks=networks,
        countries=countries,
        quota_bytes=quota,
        quota_percent=round(100 * found.cycle_bytes / quota, 1) if quota else None,
        cycle_percent=_cycle_percent(actor, found, today),
        peers=facts.peers_of(actor, found),
        anomalies=facts.anomalies_of(actor, found),
        as_of=found.cycle_as_of,
        link=f"/sims/{found.iccid}/",
    )
    return answer.model_copy(update={"sentence": words.sentence(answer, found.short_name)})


def _period(actor: Actor, sim: Sim, start: date | None, end: date | None) -> tuple[date, date]:
    """What was asked for, else the cycle so far; one that has just begun is no measure, so then the last week."""
    today = local_today(actor)
    if start is None and end is None:
        begun = cycle_of(actor, sim)[0]
        start = begun if (today - begun).days >= FEWEST_DAYS else today - timedelta(days=6)
    return period_of(today, start, end)


def _known_before(sim: Sim, start: date) -> list[UsageDay]:
    """The days before, from the first on which anything was used."""
    days = sim_days(sim, start - timedelta(days=NORMAL_DAYS), start - timedelta(days=1))
    first = next((place for place, one in enumerate(days) if one.bytes_total), len(days))
    return days[first:]


def _cycle_percent(actor: Actor, sim: Sim, today: date) -> float:
    first, last = cycle_of(actor, sim)
    return round(100 * ((today - first).days + 1) / ((last - first).days + 1), 1)
