"""How many SIMs are in which state."""

from analytics.charts import figures, sums
from analytics.charts.request import NOW_ONLY, Request, column, count, name, percent
from iotsim.core.charts import Chart
from iotsim.core.wording import counted


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
