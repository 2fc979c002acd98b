"""Anomalies over time: of a fleet, how many began a day by severity; of a SIM, its days with what is usual for them."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from analytics.charts import sums
from analytics.charts.figures import HEIGHT
from analytics.charts.request import Request, amount, column, count, name
from analytics.findings import words
from analytics.findings.rows import visible
from analytics.models import Anomaly
from analytics.models.anomalies import SEVERITIES
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import counted, size
from sims.axes import Figure, axes, unit_for
from sims.schemas.fleet import UsageDay
from sims.usage import sim_days

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from sims.models import Sim

USUAL_WEEKS: Final = 8  # same weekdays that say what is usual
FEWEST: Final = 3  # of them
COLOURS: Final = {
    "critical": "var(--red)", "high": "var(--amber-dot)", "medium": "var(--ink-3)", "low": "var(--line-2)",
}  # fmt: skip
DAY: Final = timedelta(days=1)
Band = tuple[float, float] | None


def draw_anomalies(request: Request) -> Chart:
    """Of one SIM its days with marks, of more SIMs how many anomalies began on each day."""
    return draw_sim(request, request.sim) if request.sim else _draw_fleet(request)


# --- of a fleet ---


def _draw_fleet(request: Request) -> Chart:
    start, end = request.period
    rows = _rows_of(request).filter(first_day__range=(start, end))
    days = [start + DAY * n for n in range((end - start).days + 1)]
    counts = {day: dict.fromkeys(SEVERITIES, 0) for day in days}
    for day, severity in rows.values_list("first_day", "severity"):
        counts[day][severity] += 1
    totals = {one: sum(found[one] for found in counts.values()) for one in SEVERITIES}
    whole = sum(totals.values())
    return request.chart(
        _fleet_sentence(request, totals, whole),
        figure=_fleet_figure(counts),
        unit="anomalies a day",
        columns=[column("Day"), *(column(one.capitalize(), "anomalies") for one in SEVERITIES)],
        rows=[
            [_day_cell(day), *(count(counts[day][one]) for one in SEVERITIES)] for day in reversed(days)
        ],
        title="New anomalies a day",
        about=f"{request.which}, {request.days_in_words}",
        is_empty=not whole,
        start_date=start,
        end_date=end,
        as_of=sums.known_until(request.sims),
        link=f"/anomalies/?since={start}&status=all" if request.is_whole_fleet else "",
    )  # fmt: skip


def _rows_of(request: Request) -> "QuerySet[Anomaly]":
    rows = visible(request.actor)
    return rows if request.is_whole_fleet else rows.filter(sim_id__in=request.sims.order_by().values("pk"))


def _day_cell(day: date, link: str = "") -> ChartCell:
    return ChartCell(value=day.isoformat(), text=f"{day:%-d %b %Y}", link=link)


def _fleet_figure(counts: dict[date, dict[str, int]]) -> Figure:
    days = [day.isoformat() for day in counts]
    kept = [one for one in SEVERITIES if any(found[one] for found in counts.values())]
    data = [
        {
            "type": "bar",
            "name": one.capitalize(),
            "x": days,
            "y": [found[one] for found in counts.values()],
            "marker": {"color": COLOURS[one]},
            "hovertemplate": f"%{{y}} {one}<extra></extra>",
        }
        for one in kept
    ]
    top = max((sum(found.values()) for found in counts.values()), default=0)
    layout = {**axes("anomalies"), "barmode": "stack", "bargap": 0.25, "height": HEIGHT, **_legend()}
    layout["yaxis"] |= {"rangemode": "tozero", "tickformat": ",d", **({"dtick": 1} if top <= 5 else {})}
    return {"data": data, "layout": layout}


def _legend() -> dict[str, Any]:
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}, "traceorder": "normal"}
    return {
        "showlegend": True,
        "legend": {**legend, "itemclick": False, "itemdoubleclick": False},
        "margin": {"l": 8, "r": 12, "t": 34, "b": 8},
    }


def _fleet_sentence(request: Request, totals: dict[str, int], whole: int) -> str:
    if not whole:
        return f"{request.which}: no new anomalies {request.days_in_words}."
    told = ", ".join(f"{number:,} {one}" for one, number in totals.items() if number)
    return f"{request.which}: {counted(whole, 'new anomaly', 'new anomalies')} {request.days_in_words}: {told}."


# --- of a SIM ---


def draw_sim(request: Request, sim: "Sim") -> Chart:
    """Each day's use, what is usual for its weekday, and the days that were marked."""
    start, end = request.period
    end = min(end, request.today)
    found = list(visible(request.actor).filter(sim_id=sim.pk, first_day__lte=end, last_day__gte=start))
    found.sort(key=lambda one: one.first_day)
    before = sim_days(sim, start - timedelta(weeks=USUAL_WEEKS), end)
    marked = {day: one for one in found for day in _days_of(one)}
    bands = _bands(before, start, marked)
    days = [one for one in before if one.day >= start]
    return request.chart(
        _sim_sentence(request, sim, found),
        figure=_sim_figure(days, bands, marked, found),
        unit=f"{unit_for(_top(days, bands))[1]} a day",
        columns=[
            column("Day"), column("Usage", "bytes"), column("Usual from", "bytes"), column("Usual to", "bytes"),
            column("Anomaly"),
        ],
        rows=[_sim_row(one, band, marked.get(one.day)) for one, band in reversed(list(zip(days, bands, strict=True)))],
        title="Usage and anomalies",
        about=f"{request.which}, {request.days_in_words}",
        is_empty=not any(one.bytes_total for one in days),
        start_date=start,
        end_date=end,
        as_of=sim.cycle_as_of,
    )  # fmt: skip


def _days_of(row: Anomaly) -> list[date]:
    return [row.first_day + DAY * n for n in range((row.last_day - row.first_day).days + 1)]


def _bands(days: Sequence[UsageDay], start: date, marked: dict[date, Anomaly]) -> list[Band]:
    """Two thirds of the same weekdays before, those of anomalies aside, lay between these bytes."""
    known = {one.day: one.bytes_total for one in days}
    bands: list[Band] = []
    for one in days:
        if one.day < start:
            continue
        weeks = [one.day - timedelta(weeks=n) for n in range(1, USUAL_WEEKS + 1)]
        usual = [known[day] for day in weeks if day in known and day not in marked]
        bands.append(_band(usual))
    return bands


def _band(usual: list[int]) -> Band:
    if len(usual) < FEWEST or not any(usual):
        return None
    sixths = quantiles(usual, n=6, method="inclusive")
    return sixths[0], sixths[-1]


def _top(days: Sequence[UsageDay], bands: Sequence[Band]) -> float:
    return max([one.bytes_total for one in days] + [band[1] for band in bands if band], default=0)


def _sim_figure(
    days: Sequence[UsageDay], bands: Sequence[Band], marked: dict[date, Anomaly], found: Sequence[Anomaly]
) -> Figure:
    factor, unit = unit_for(_top(days, bands))
    x = [one.day.isoformat() for one in days]
    strange = [one.day in marked for one in days]
    data = [
        *_band_traces(x, bands, factor, unit),
        _bars(days, [not one for one in strange], factor, unit, "Usage", "var(--blue)"),
        _bars(days, strange, factor, unit, "Marked days", "var(--red)"),
    ]
    layout = {**axes(unit), "barmode": "overlay", "bargap": 0.2, "height": HEIGHT + 20, **_legend()}
    layout["yaxis"]["rangemode"] = "tozero"
    return {"data": data, "layout": {**layout, **_marks(found, x)}}


def _bars(
    days: Sequence[UsageDay], chosen: Sequence[bool], factor: int, unit: str, label: str, colour: str
) -> dict[str, Any]:
    picked = [one for one, yes in zip(days, chosen, strict=True) if yes]
    return {
        "type": "bar",
        "name": label,
        "x": [one.day.isoformat() for one in picked],
        "y": [round(one.bytes_total / factor, 4) for one in picked],
        "marker": {"color": colour},
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>{label}</extra>",
    }


def _band_traces(x: list[str], bands: Sequence[Band], factor: int, unit: str) -> list[dict[str, Any]]:
    """The upper edge as a line, filled down to the lower one."""
    low, high = ([round(band[n] / factor, 4) if band else None for band in bands] for n in (0, 1))
    line = {"color": "var(--ink-3)", "width": 1, "shape": "hvh"}
    common = {"type": "scatter", "mode": "lines", "x": x, "line": line, "connectgaps": False}
    return [
        {**common, "y": low, "showlegend": False, "hoverinfo": "skip"},
        {
            **common, "y": high, "name": "Usual for the weekday", "fill": "tonexty",
            "fillcolor": "color-mix(in srgb, var(--ink-3) 25%, transparent)", "customdata": low,
            "hovertemplate": f"%{{customdata:,.3~g}} to %{{y:,.3~g}} {unit}<extra>Usual</extra>",
        },
    ]  # fmt: skip


def _marks(found: Sequence[Anomaly], x: list[str]) -> dict[str, Any]:
    """Changes of device and country as thin lines down the chart, named above it."""
    moments = {}
    for one in found:
        if one.evidence.get("imei_at"):
            moments[one.evidence["imei_at"][:10]] = "other device"
        elif one.evidence.get("country") and one.kind in ("roaming", "new_country", "theft"):
            moments[one.first_day.isoformat()] = one.evidence["country"]
    shown = {day: label for day, label in moments.items() if x and x[0] <= day <= x[-1]}
    line = {"color": "var(--ink-2)", "width": 1, "dash": "dot"}
    shapes = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": day, "x1": day, "y0": 0, "y1": 1, "line": line}
        for day in shown
    ]
    notes = [
        {
            "xref": "x", "yref": "paper", "x": day, "y": 1, "text": label, "showarrow": False, "yanchor": "top",
            "xanchor": "right" if x.index(day) > len(x) / 2 else "left", "font": {"size": 11, "color": "var(--ink-2)"},
        }
        for day, label in shown.items()
        if day in x
    ]  # fmt: skip
    return {"shapes": shapes, "annotations": notes}


def _sim_row(day: UsageDay, band: Band, one: Anomaly | None) -> list[ChartCell]:
    nothing = ChartCell(value=None, text="–")
    low, high = (amount(round(band[n])) if band else nothing for n in (0, 1))
    title = name(words.TITLES[one.kind], f"/anomalies/{one.pk}/") if one else name("")
    return [_day_cell(day.day), amount(day.bytes_total), low, high, title]


def _sim_sentence(request: Request, sim: "Sim", found: Sequence[Anomaly]) -> str:
    if not found:
        return f"SIM {sim.short_name}: no anomaly {request.days_in_words}."
    worst = min(found, key=lambda one: (one.rank, one.score))
    told = words.evidence_in_words(worst.kind, worst.evidence, today=request.today)
    many = counted(len(found), "anomaly", "anomalies")
    lead = f"SIM {sim.short_name}: {many} {request.days_in_words}"
    return f"{lead}; {'the worst ' if len(found) > 1 else ''}{words.TITLES[worst.kind].lower()}: {told}."


# --- of a cohort ---


def draw_cohort(request: Request, row: Anomaly, days: Sequence[UsageDay]) -> Chart:
    """What all SIMs of a cohort used a day, the days on which they moved together marked."""
    marked = dict.fromkeys(_days_of(row), row)
    first = days[0].day + timedelta(weeks=FEWEST)
    bands = _bands(days, first, marked)
    shown = [one for one in days if one.day >= first]
    told = words.evidence_in_words(row.kind, row.evidence)
    return request.chart(
        f"{row.cohort}: {told}.",
        figure=_sim_figure(shown, bands, marked, []),
        unit=f"{unit_for(_top(shown, bands))[1]} a day",
        columns=[column("Day"), column("Usage", "bytes"), column("Usual from", "bytes"), column("Usual to", "bytes"),
                 column("Anomaly")],
        rows=[_sim_row(one, band, marked.get(one.day)) for one, band in reversed(list(zip(shown, bands, strict=True)))],
        title="Usage of the cohort",
        about=f"{row.cohort}, {size(sum(one.bytes_total for one in shown))} in {counted(len(shown), 'day')}",
        start_date=first,
        end_date=shown[-1].day,
    )  # fmt: skip
