"""One function for each kind of chart: the numbers, their figure, their table, and the main fact in words."""

from collections.abc import Callable, Mapping
from datetime import date
from itertools import accumulate, groupby
from typing import Final

from analytics import figures, sums
from analytics.costs import draw_costs
from analytics.parameters import Kind
from analytics.request import NOW_ONLY, Request, amount, column, count, name, percent
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import counted, size
from sims import charts
from sims.models import Sim
from sims.schemas.fleet import UsageDay, UsageHistory
from sims.usage import cycle_of, days_of, fleet_days, sim_days

MOST_DAYS: Final = 124  # longer periods are drawn by months


def draw_usage(request: Request) -> Chart:
    """Usage a day, or a month when the period is long."""
    start, end = request.period
    days = _days(request, start, end)
    monthly = len(days) > MOST_DAYS
    steps = by_month(days) if monthly else days
    figure, unit = _monthly(steps) if monthly else _daily(request, days)
    total = sum(one.bytes_total for one in days)
    return request.chart(
        _usage_sentence(request, days, total),
        figure=figure,
        unit=unit,
        columns=[
            column("Month" if monthly else "Day"), column("Down", "bytes"), column("Up", "bytes"),
            column("Total", "bytes"), column("Sessions", "sessions"),
        ],
        rows=[
            [
                ChartCell(value=one.day.isoformat(), text=f"{one.day:%b %Y}" if monthly else f"{one.day:%-d %b %Y}"),
                amount(one.bytes_down), amount(one.bytes_up), amount(one.bytes_total), count(one.sessions),
            ]
            for one in reversed(steps)
        ],
        about=f"{request.which}, {request.days_in_words}",
        title="Usage a month" if monthly else "Usage a day",
        is_empty=not total,
        start_date=start,
        end_date=end,
        as_of=request.sim.cycle_as_of if request.sim else sums.known_until(request.sims),
        link=request.list_of() if request.sim else request.list_of(sort="-usage"),
    )  # fmt: skip


def _days(request: Request, start: date, end: date) -> list[UsageDay]:
    if request.sim and request.wanted.is_empty:
        return sim_days(request.sim, start, end)
    if request.is_whole_fleet:
        return fleet_days(request.actor, start, end)
    return days_of(request.actor, request.sims, start, end)


def by_month(days: list[UsageDay]) -> list[UsageDay]:
    """Sums of calendar months, each on the first of its days that is in the period."""
    months = [list(part) for _, part in groupby(days, key=lambda one: (one.day.year, one.day.month))]
    return [
        UsageDay(
            day=part[0].day,
            bytes_up=sum(one.bytes_up for one in part),
            bytes_down=sum(one.bytes_down for one in part),
            sessions=sum(one.sessions for one in part),
        )
        for part in months
    ]


def _monthly(months: list[UsageDay]) -> tuple[charts.Figure, str]:
    factor, unit = charts.unit_for(max((one.bytes_total for one in months), default=0))
    names = [f"{one.day:%b %y}" for one in months]
    values = [round(one.bytes_total / factor, 4) for one in months]
    words = [f"{value:.3g}" if value and len(values) <= 14 else "" for value in values]
    return figures.standing_bars(names, values, words, unit=f"{unit} a month"), f"{unit} a month"


def _daily(request: Request, days: list[UsageDay]) -> tuple[charts.Figure, str]:
    sim, end = request.sim, days[-1].day
    if sim is None:
        figure = charts.usage_timeline(days, growing=end == request.today and len(days) > 1)
    else:
        history = UsageHistory(
            start_date=days[0].day, end_date=end, days=days, total_bytes=0, average_bytes=0,
            quota_bytes=sim.effective_quota_bytes,
        )  # fmt: skip
        figure = charts.daily_usage(history)
    figure["layout"]["height"] = figures.HEIGHT
    return figure, figure["layout"]["yaxis"]["title"]["text"]


def _usage_sentence(request: Request, days: list[UsageDay], total: int) -> str:
    who, when = request.which, request.days_in_words
    if not total:
        return f"{who}: no usage {when}."
    peak = max(days, key=lambda one: one.bytes_total)
    if len(days) == 1:
        return f"{who} used {size(total)} {when}."
    return (
        f"{who} used {size(total)} {when}, {size(total // len(days))} a day on average; "
        f"most on {peak.day:%-d %b} with {size(peak.bytes_total)}."
    )


def draw_top(request: Request) -> Chart:
    """The heaviest SIMs: of the period, or without one of their billing cycle."""
    start, end = request.period
    if request.has_period:
        found = sums.heaviest_of_period(request.actor, request.sims, start, end, request.top)
        whole, when = sum(one.bytes_total for one in _days(request, start, end)), request.days_in_words
    else:
        found, whole, when = sums.heaviest_of_cycle(request.sims, request.top), sums.cycle_total(request.sims), ""
    return request.chart(
        _top_sentence(request, found, whole, when or "this cycle"),
        figure=_top_figure(found),
        unit=charts.unit_for(found[0].used_bytes if found else 0)[1],
        columns=[column("SIM"), column("Label"), column("Customer"), column("Usage", "bytes"), column("Share", "%")],
        rows=[
            [
                name(one.iccid, f"/sims/{one.iccid}/"), name(one.label), name(one.customer), amount(one.used_bytes),
                percent(one.used_bytes, whole),
            ]
            for one in found
        ],
        about=f"{request.which}, {when or 'in their billing cycles so far'}",
        is_empty=not found,
        start_date=start if request.has_period else None,
        end_date=end if request.has_period else None,
        as_of=sums.known_until(request.sims),
        link=request.list_of() if request.sim else request.list_of(sort="-usage"),
    )  # fmt: skip


def _top_figure(found: list[sums.Use]) -> charts.Figure:
    factor, unit = charts.unit_for(found[0].used_bytes if found else 0)
    values = [round(one.used_bytes / factor, 4) for one in found]
    return figures.lying_bars([one.name for one in found], values, [size(one.used_bytes) for one in found], unit=unit)


def _top_sentence(request: Request, found: list[sums.Use], whole: int, when: str) -> str:
    if not found:
        return f"{request.which}: no usage {when}."
    first, together = found[0], sum(one.used_bytes for one in found)
    if len(found) == 1:
        return f"SIM {first.name} used {size(first.used_bytes)} {when}."
    share = percent(together, whole).text
    return (
        f"The {len(found)} heaviest SIMs used {size(together)} {when}, {share} of the whole; "
        f"{first.name} leads with {size(first.used_bytes)}."
    )


def draw_quota(request: Request) -> Chart:
    """How far the quotas of the billing cycle are used: a SIM from day to day, a fleet in bands."""
    note = NOW_ONLY if request.has_period else ""
    return _filling(request, request.sim, note) if request.sim else _bands(request, note)


def _filling(request: Request, sim: Sim, note: str) -> Chart:
    (start, end), quota = cycle_of(request.actor, sim), sim.effective_quota_bytes
    days = sim_days(sim, start, min(end, request.today))
    totals = list(accumulate(one.bytes_total for one in days))
    used = totals[-1]
    told = f" of {size(quota)} ({percent(used, quota).text})" if quota else " and has no quota"
    return request.chart(
        f"SIM {sim.short_name} has used {size(used)}{told} in the billing cycle that ends on {end:%-d %b %Y}.",
        figure=figures.filling([one.day for one in days], totals, quota, end=end),
        unit=charts.unit_for(max(used, quota or 0))[1],
        columns=[column("Day"), column("Usage", "bytes"), column("In the cycle", "bytes"), column("Of the quota", "%")],
        rows=[
            [
                ChartCell(value=one.day.isoformat(), text=f"{one.day:%-d %b %Y}"), amount(one.bytes_total),
                amount(total), percent(total, quota or 0),
            ]
            for one, total in reversed(list(zip(days, totals, strict=True)))
        ],
        about=f"{request.which}, billing cycle from {start:%-d %b} to {end:%-d %b %Y}",
        notes=[note],
        is_empty=not used and not quota,
        start_date=start,
        end_date=end,
        as_of=sim.cycle_as_of,
    )  # fmt: skip


def _bands(request: Request, note: str) -> Chart:
    counts, unlimited = sums.by_quota_band(request.sims)
    whole = sum(counts)
    without = f"{counted(unlimited, 'SIM')} without a quota {'is' if unlimited == 1 else 'are'} left out."
    return request.chart(
        _quota_sentence(request, counts, whole),
        figure=figures.lying_bars(
            [band for band, _, _ in sums.BANDS],
            counts,
            [f"{number:,} ({percent(number, whole).text})" for number in counts],
            unit="SIMs",
        ),
        unit="SIMs",
        columns=[column("Quota used"), column("SIMs", "SIMs"), column("Share", "%")],
        rows=[
            [
                name(band, request.list_of(attention=attention) if attention else ""), count(number),
                percent(number, whole),
            ]
            for (band, _, attention), number in zip(sums.BANDS, counts, strict=True)
        ],
        about=f"{request.which}, in their billing cycles so far",
        notes=[without if unlimited else "", note],
        is_empty=not whole,
        as_of=sums.known_until(request.sims),
        link=request.list_of(attention="over_quota") if counts[0] else "",
    )  # fmt: skip


def _quota_sentence(request: Request, counts: list[int], whole: int) -> str:
    if not whole:
        return f"{request.which}: none has a quota."
    over, near = counts[0], counts[1]
    more = f", and {near:,} more {'has' if near == 1 else 'have'} used 80\u00a0% of it or more" if near else ""
    is_are = "is" if over == 1 else "are"
    return f"{over:,} of {counted(whole, 'SIM')} with a quota {is_are} over it{more}."


def draw_states(request: Request) -> Chart:
    """How many SIMs are in which state."""
    counts = sums.by_status(request.sims)
    whole = sum(counts.values())
    names = [status.words.capitalize() for status in counts]
    words = [f"{number:,} ({percent(number, whole).text})" for number in counts.values()]
    told = ", ".join(f"{number:,} {status.words}" for status, number in counts.items())
    first = request.which if not request.is_whole_fleet else "The fleet"
    return request.chart(
        f"{first}: {counted(whole, 'SIM')}, {told}." if whole else f"{request.which}: there are none.",
        figure=figures.lying_bars(names, list(counts.values()), words, unit="SIMs"),
        unit="SIMs",
        columns=[column("State"), column("SIMs", "SIMs"), column("Share", "%")],
        rows=[
            [name(status.words.capitalize(), request.list_of(status=status.value)), count(number),
             percent(number, whole)]
            for status, number in counts.items()
        ],
        about=f"{request.which}, now",
        notes=[NOW_ONLY if request.has_period else ""],
        is_empty=not whole,
        as_of=sums.known_until(request.sims),
    )  # fmt: skip


DRAWN: Final[Mapping[Kind, Callable[[Request], Chart]]] = {
    "usage_timeline": draw_usage,
    "top_sims": draw_top,
    "quota_utilization": draw_quota,
    "status_breakdown": draw_states,
    "cost_breakdown": draw_costs,
}
