"""How far quotas are used: of one SIM from day to day, of many in bands."""

from itertools import accumulate

from analytics.charts import figures, sums
from analytics.charts.request import NOW_ONLY, Request, amount, column, count, name, percent
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import counted, size
from sims.axes import unit_for
from sims.models import Sim
from sims.usage import cycle_of, sim_days


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
        unit=unit_for(max(used, quota or 0))[1],
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
