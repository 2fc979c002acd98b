"""How values read on a page: sizes, money, times, identifiers, states, icons.

Filters take plain values (bytes as int, money in cents, aware datetimes) and return text or safe HTML.
Times are told in the active time zone, which is the organisation's.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from iotsim.core.proposals import Proposal
from iotsim.core.wording import SPACE, kept_apart, money, size, three_figures

register = template.Library()

SIZES = ("usage", "quota", "bytes")  # names of parameters that hold bytes
STALE_AFTER = timedelta(days=1)
# States whose name is not their word.
STATES = {"pending": "Waiting", "awaiting_approval": "Waiting", "stale": "Overtaken", "superseded": "Replaced"}
STEPS = (
    (60, "second", 1),
    (3600, "minute", 60),
    (86_400, "hour", 3600),
    (2_592_000, "day", 86_400),
)
LONG_STEPS = ((31_536_000, "month", 2_592_000), (float("inf"), "year", 31_536_000))


register.filter("size", size)
register.filter("money", money)
register.filter("kept_apart", kept_apart)


@register.filter
def megabytes(value: int | None) -> str:
    """Bytes as a bare number of megabytes, for a column whose header names the unit."""
    if value is None:
        return "–"
    amount = Decimal(value) / 1_000_000
    if 0 < amount < 1:
        return "< 0.001" if amount < Decimal("0.001") else f"{amount:.3f}"
    return three_figures(amount)


@register.filter
def kilobytes(value: int | None) -> str:
    """Bytes as a bare number of kilobytes, at least 1, for a column whose header names the unit."""
    return "–" if value is None else f"{max(1, round(value / 1000)):,}"


@register.filter
def number(value: float | None) -> str:
    """A count with separators: 12,400."""
    if value is None:
        return "–"
    return f"{value:,}"


@register.filter
def money_change(cents: float | None, currency: str = "EUR") -> str:
    """A difference of money with its sign: +€12.00, −€3.00, no change."""
    if not cents:
        return "no change"
    return f"{'+' if cents > 0 else ''}{money(cents, currency)}"


@register.filter
def percent(part: float | None, whole: float | None = 100) -> str:
    """`part` of `whole` in percent: 82 %, < 1 %, > 99 %. Without `whole`, `part` is a percentage already."""
    if part is None or not whole:
        return "–"
    share = Decimal(part) * 100 / Decimal(whole)
    if 0 < share < 1:
        return f"<{SPACE}1{SPACE}%"
    return f">{SPACE}99{SPACE}%" if 99 < share < 100 else f"{share:,.0f}{SPACE}%"


@register.filter
def chance(value: float | None) -> str:
    """A probability between 0 and 1 in percent: 62 %, < 1 %."""
    return percent(value, 1)


@register.filter
def share(part: float | None, whole: float | None) -> str:
    """`part` of `whole` as a width between 0 and 100, for a bar."""
    if not part or not whole:
        return "0"
    return f"{min(Decimal(100), Decimal(part) * 100 / Decimal(whole)):.2f}"


@register.simple_tag
def quota_bar(used: int, quota: int | None, css: str = "") -> SafeString | str:
    """A thin bar with its percentage: amber from 80 % of the quota on, red above it."""
    if not quota:
        return format_html('<span class="quiet">{}</span>', "no quota")
    tone = "over" if used > quota else "soon" if used * 10 >= quota * 8 else ""
    return format_html(
        '<span class="quota {0} {1}" title="{2} of {3}"><span class="bar {0}" aria-hidden="true">'
        '<span style="width:{4}%"></span></span><span class="share">{5}</span></span>',
        tone,
        css,
        size(used),
        size(quota),
        share(used, quota),
        percent(used, quota) if used < 10 * quota else f"{used // quota:,}{SPACE}×",
    )


@register.filter
def more_or_less(change: float | None) -> str:
    """A relative change in words: 0.12 is "12 % more", -0.03 "3 % less", 0 "the same"."""
    if change is None:
        return ""
    amount = round(abs(change) * 100)
    if amount == 0:
        return "the same"
    return f"{amount:,}{SPACE}% {'more' if change > 0 else 'less'}"


def _distance(seconds: float) -> str:
    if seconds < 10:
        return ""
    for limit, unit, length in (*STEPS, *LONG_STEPS):
        if seconds < limit:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""


def relative(moment: datetime, *, now: datetime | None = None) -> str:
    """How long ago, or in how long: "3 minutes ago", "in 2 days", "just now"."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    distance = _distance(abs(seconds))
    if not distance:
        return "just now"
    return f"{distance} ago" if seconds > 0 else f"in {distance}"


def _absolute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %b %Y, %H:%M:%S %Z}"


@register.filter
def ago(moment: datetime | None, otherwise: str = "never") -> str:
    """A relative time whose absolute one shows on hover."""
    if moment is None:
        return otherwise
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(),
        _absolute(moment),
        relative(moment),
    )


@register.filter
def as_of(moment: datetime | None, otherwise: str = "no usage yet") -> str:
    """How old figures are; amber when they are older than a day."""
    if moment is None or timezone.now() - moment < STALE_AFTER:
        return ago(moment, otherwise)
    return format_html('<span class="stale">{}</span>', ago(moment))


@register.filter
def clock(moment: datetime | None) -> str:
    """An absolute time to the minute whose relative one shows on hover: 12 Nov, 14:03."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    return format_html(
        '<time datetime="{}" title="{}, {}">{}</time>',
        moment.isoformat(),
        _absolute(moment),
        relative(moment),
        f"{local:%-d %b}{year}, {local:%H:%M}",
    )


@register.filter
def day(value: date | None) -> str:
    """A calendar day: 12 Nov 2025."""
    return "–" if value is None else f"{value:%-d %b %Y}"


@register.filter
def iccid(value: str | None) -> str:
    """An ICCID in tabular figures with its last four digits bold."""
    if not value:
        return ""
    return format_html('<span class="iccid">{}<b>{}</b></span>', value[:-4], value[-4:])


@register.filter
def words(value: object) -> str:
    """A name of ours as words: "test_ready" is "Test ready"."""
    text = str(value or "").replace("_", " ")
    return text[:1].upper() + text[1:]


@register.filter
def state(value: str) -> str:
    """A state as dot and word; the dot's shape and colour come from the style sheet."""
    return format_html('<span class="state state-{}">{}</span>', str(value), STATES.get(value) or words(value))


@register.filter
def severity(value: str) -> str:
    """How much an alert weighs, as dot and word: red needs someone now, amber soon."""
    return format_html('<span class="state weight-{}">{}</span>', str(value), words(value))


@register.filter
def rest(proposal: Proposal) -> int:
    """How many objects a proposal changes beyond the rows that it shows."""
    return max(0, proposal.count - len(proposal.changes))


@register.filter
def arguments(given: Mapping[str, Any]) -> str:
    """A call's arguments in one line: status: active, min usage: 5 GB."""
    return ", ".join(f"{name.replace('_', ' ')}: {_plain(name, value)}" for name, value in given.items())


def _plain(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        shown = ", ".join(_plain(name, one) for one in value[:5])
        return f"{shown} and {len(value) - 5} more" if len(value) > 5 else shown
    if isinstance(value, int) and not isinstance(value, bool) and any(part in name for part in SIZES):
        return size(value)
    return "none" if value is None else str(value)


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key)


@register.simple_tag
def sprite() -> str:
    """The address of the icons."""
    return static("vendor/icons.svg")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon from the sprite; with a label it is announced, without one it is decoration."""
    told = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon" {}><use href="{}#{}"></use></svg>',
        told,
        sprite(),
        name,
    )


@register.simple_tag
def copy(value: str | None, what: str = "value") -> SafeString | str:
    """A button that copies `value`; `what` names it for those who hear the page."""
    if not value:
        return ""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" aria-label="Copy {}" title="Copy {}">{}</button>',
        value,
        what,
        what,
        icon("copy"),
    )


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """This page's query with some parameters changed; None takes one away. Paging starts anew unless it is said."""
    params: QueryDict = context["request"].GET.copy()
    for name, value in {"cursor": None, **changes}.items():
        if value is None or value == "":
            params.pop(name, None)
        elif isinstance(value, list | tuple):
            params.setlist(name, [str(v) for v in value])
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else "?"


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, name: str, value: str) -> str:
    """This page's query without one of a parameter's several values."""
    rest = [v for v in context["request"].GET.getlist(name) if v != value]
    return query(context, **{name: rest or None})


@register.simple_tag
def sparkline(values: list[float] | None, label: str = "") -> SafeString | str:
    """A small line of `values` (oldest first) as SVG, 100 x 24 units."""
    if not values or len(values) < 2:
        return ""
    top = max(values) or 1
    step = 100 / (len(values) - 1)
    points = " ".join(f"{n * step:.1f},{23 - 22 * value / top:.1f}" for n, value in enumerate(values))
    return format_html(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<polyline points="{}"></polyline></svg>',
        label,
        points,
    )
