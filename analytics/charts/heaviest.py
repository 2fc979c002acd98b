"""The heaviest SIMs, of a period or of their billing cycle."""

from analytics.charts import figures, sums
from analytics.charts.request import Request, amount, column, name, percent
from analytics.charts.usage import days_asked
from iotsim.core.charts import Chart
from iotsim.core.wording import size
from sims.axes import Figure, unit_for


def draw_top(request: Request) -> Chart:
    """The heaviest SIMs: of the period, or without one of their billing cycle."""
    start, end = request.period
    if request.has_period:
        found = sums.heaviest_of_period(request.actor, request.sims, start, end, request.top)
        whole, when = sum(one.bytes_total for one in days_asked(request, start, end)), request.days_in_words
    else:
        found, whole, when = sums.heaviest_of_cycle(request.sims, request.top), sums.cycle_total(request.sims), ""
    return request.chart(
        _top_sentence(request, found, whole, when or "this cycle"),
        figure=_top_figure(found),
        unit=unit_for(found[0].used_bytes if found else 0)[1],
        columns=[column("SIM"), column("Label"), column("Usage", "bytes"), column("Share", "%"), column("Customer")],
        rows=[
            [
                name(one.iccid, f"/sims/{one.iccid}/"), name(one.label), amount(one.used_bytes),
                percent(one.used_bytes, whole), name(one.customer),
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


def _top_figure(found: list[sums.Use]) -> Figure:
    factor, unit = unit_for(found[0].used_bytes if found else 0)
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
