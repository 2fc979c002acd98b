"""A report as PDF for people: A4, tagged for screen readers, of the same size however many SIMs there are.

WeasyPrint fetches nothing: no network, no file. Whatever comes from outside (labels, names) is escaped by the
template and kept apart, so that no direction mark in it turns its neighbours round.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from iotsim.core.countries import country_name
from iotsim.core.wording import counted, money, size
from sims.reports import drawing
from sims.reports.figures import Figures, Share, Top
from sims.reports.pango import require_pango
from sims.reports.source import Source

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

CHART_TOP: Final = 10
SHARES: Final = 8


def write(source: Source, file: IO[bytes]) -> None:
    """Draw and write the document. Raises Unavailable where there is no Pango."""
    require_pango()
    from PIL import ImageFile
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    # WeasyPrint lets the whole process take pictures that are cut off; a photo of a label must not pass as whole.
    ImageFile.LOAD_TRUNCATED_IMAGES = False

    figures = source.figures
    source.tell(figures.sims, figures.sims, "Drawing the pages")
    fonts = FontConfiguration()
    sheet = (settings.BASE_DIR / "static" / "report.css").read_text(encoding="utf-8")
    page = HTML(string=render_to_string("sims/report_pdf.html", context(source)), url_fetcher=fetch_nothing)
    style = CSS(string=sheet, url_fetcher=fetch_nothing, font_config=fonts)
    page.write_pdf(file, stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
    source.written.rows = len(figures.top)
    source.written.bytes_total = figures.bytes_total


def fetch_nothing(url: str, *args: Any, **options: Any) -> Any:
    """WeasyPrint's way to the outside, closed."""
    raise ValueError(f"a report fetches nothing, and it asked for {url[:80]}")


def context(source: Source) -> dict[str, Any]:
    """Everything that the pages show, as text and drawings."""
    figures, asked = source.figures, source.asked
    shares, about = _shares(figures)
    return {
        "asked": asked,
        "organization": source.organization,
        "filters": asked.filter.words(),
        "figures": figures,
        "made": source.made_at.astimezone(asked.zone),
        "made_at": _minute(source.made_at, asked.zone),
        "as_of": _minute(figures.as_of, asked.zone) if figures.as_of else "",
        "who": source.who,
        "keys": _keys(figures, asked.days),
        "days_chart": _safe(drawing.days_chart(figures.days, title=_days_in_words(figures))),
        "weekly": len(figures.days) > drawing.MOST_BARS,
        "heaviest": [
            _bar(one.label or one.iccid, one.bytes_total, figures.top[0].bytes_total) for one in _used(figures)
        ],
        "about": about,
        "shares": [_bar(name, amount, figures.bytes_total) for name, amount in shares],
        "top": [one for one in figures.top if one.bytes_total],
        "rest": figures.sims - len(figures.top),
    }


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%-d %B %Y, %H:%M}"


def _used(figures: Figures) -> list[Top]:
    return [one for one in figures.top if one.bytes_total][:CHART_TOP]


def _keys(figures: Figures, days: int) -> list[tuple[str, str, str]]:
    """Key figures: name, value, what stands under it."""
    used = f"{figures.used:,} of them used data"
    split = f"{size(figures.bytes_up)} up, {size(figures.bytes_down)} down"
    keys = [
        ("SIMs", f"{figures.sims:,}", used),
        ("Data", size(figures.bytes_total), split),
        ("A day", size(figures.bytes_total // days), f"on average of {counted(days, 'day')}"),
        ("Sessions", f"{figures.sessions:,}", counted(figures.sms, "SMS", "SMS")),
    ]
    for one in figures.money:
        overage = f"and {money(one.overage_cents, one.currency)} overage"
        keys.append(("Plan prices", money(one.price_cents, one.currency), overage))
    return keys


def _days_in_words(figures: Figures) -> str:
    peak = max(figures.days, key=lambda one: one.bytes_total)
    if not peak.bytes_total:
        return "Usage a day: none in this period."
    return (
        f"Usage a day: {size(figures.bytes_total)} in all, most on {peak.day:%-d %B %Y} with {size(peak.bytes_total)}."
    )


def _shares(figures: Figures) -> tuple[list[tuple[str, int]], str]:
    """Parts of the usage by whatever tells more: countries, else operators; and which it is."""
    countries = [Share(country_name(one.name), one.sims, one.bytes_total) for one in figures.countries if one.name]
    if len(countries) > 1:
        return _largest(countries), "country"
    return _largest([one for one in figures.operators if one.name]), "operator"


def _largest(shares: Sequence[Share]) -> list[tuple[str, int]]:
    used = [(one.name, one.bytes_total) for one in shares if one.bytes_total]
    rest = sum(amount for _, amount in used[SHARES:])
    return [*used[:SHARES], ("All others", rest)] if rest else used


def _bar(name: str, amount: int, whole: int) -> dict[str, Any]:
    part = amount / whole if whole else 0
    return {
        "name": name,
        "amount": size(amount),
        "percent": f"{100 * part:.0f} %" if part >= 0.01 or not part else "< 1 %",
        "drawing": _safe(drawing.bar(part, title=f"{100 * part:.0f} %")),
    }


def _safe(svg: str) -> "SafeString":
    return mark_safe(svg)  # noqa: S308 (drawn by us from numbers, its words escaped)
