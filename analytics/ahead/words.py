"""Forecasts and analyses in sentences."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from analytics.schemas.forecasts import QuotaRisk, UsageAnalysis, UsageForecast
from iotsim.core.wording import SPACE, counted, size

WEEKDAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
UNEVEN: Final = 1.15  # times the average that the heaviest weekday must be to be told


def short_day(day: date, today: date) -> str:
    """A day near enough to need no year: "28 Nov"."""
    return f"{day:%-d %b}" if abs((day - today).days) < 300 else f"{day:%-d %b %Y}"


def as_of_words(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%-d %b %Y, %H:%M}"


def band(low: int, middle: int, high: int) -> str:
    """A middle with its bounds: "1.2 GB (0.9 to 1.5 GB)"."""
    return f"{size(middle)} ({size(low)} to {size(high)})"


def headline(one: UsageForecast) -> str:
    """The one thing to know of a forecast: "Runs out on 28 Nov"."""
    ends = short_day(one.cycle_end_date, one.as_of.date())
    if one.is_over:
        since = f" since {short_day(one.exhausts_on, one.as_of.date())}" if one.exhausts_on else ""
        return f"Over its quota{since}"
    if one.exhausts_on is not None:
        return f"Runs out on {short_day(one.exhausts_on, one.as_of.date())}"
    if one.is_empty:
        return "Nothing to forecast from"
    if one.quota_bytes:
        return f"Lasts until {ends}"
    return f"About {size(one.cycle_middle_bytes)} by {ends}"


def forecast_sentence(one: UsageForecast, zone: ZoneInfo) -> str:
    """The whole of a forecast in a few sentences."""
    if not one.history_days and not one.high_bytes and not one.cycle_high_bytes:
        has = "have" if one.name.startswith("The SIMs") else "has"
        return f"{one.name} {has} no usage yet, so there is nothing to forecast from."
    return " ".join(part for part in (_next_days(one), _cycle(one), _basis(one, zone), *one.notes) if part)


def _next_days(one: UsageForecast) -> str:
    count = len(one.days)
    when = "today" if count == 1 else f"in the next {count} days"
    if not one.high_bytes:
        return f"{one.name} is not expected to use anything {when}."
    return f"{one.name} will use about {band(one.low_bytes, one.middle_bytes, one.high_bytes)} {when}."


def _cycle(one: UsageForecast) -> str:
    ends = short_day(one.cycle_end_date, one.as_of.date())
    whole = band(one.cycle_low_bytes, one.cycle_middle_bytes, one.cycle_high_bytes)
    what = "this month" if one.scope in ("fleet", "customer", "some") else f"the cycle that ends on {ends}"
    if one.quota_bytes is None:
        return f"By the end of {what} it comes to {whole}; so far it is {size(one.used_bytes)}."
    used = f"It has used {size(one.used_bytes)} of {size(one.quota_bytes)} in {what}"
    return f"{used}{_and_the_quota(one)}"


def _and_the_quota(one: UsageForecast) -> str:
    percent = one.percent
    if one.is_over:
        beyond = size(max(one.cycle_middle_bytes - (one.quota_bytes or 0), 0))
        return f" and is over its quota; by the end it will be {beyond} beyond it."
    if one.exhausts_on is not None:
        when = short_day(one.exhausts_on, one.as_of.date())
        return f" and runs out on {when}; the chance that it does before the end is {percent}{SPACE}%."
    if not percent:
        return f" and will not run out: {size(one.cycle_middle_bytes)} by its end."
    return f" and will end with about {size(one.cycle_middle_bytes)}; the chance that it runs out is {percent}{SPACE}%."


def _basis(one: UsageForecast, zone: ZoneInfo) -> str:
    days = f"{counted(one.history_days, 'day')} of history"
    if one.is_prior:
        days = f"only {days}, so the usual use of like SIMs fills in" if one.scope == "sim" else f"only {days}"
    return f"This stands on {days} ({one.model}, as of {as_of_words(one.as_of, zone)})."


def risks_sentence(items: Sequence[QuotaRisk], total: int, *, exact: bool, over: int, least: float, today: date) -> str:
    """How many SIMs will pass their quota, and the first of them."""
    if not total:
        sure = "will" if least == 0.5 else f"has a chance of {least * 100:.0f}{SPACE}% or more to"
        return (
            f"No SIM {sure} pass its quota before its cycle ends." if least == 0.5 else f"No SIM {sure} pass its quota."
        )
    amount = counted(total, "SIM") if exact else f"More than {total:,} SIMs"
    ends = "before its cycle ends" if total == 1 else "before their cycles end"
    what = "will pass its quota" if total == 1 else "will pass their quota"
    if least != 0.5:
        what = f"{'has' if total == 1 else 'have'} a chance of {least * 100:.0f}{SPACE}% or more to pass the quota"
    done = f", {over:,} of them already have" if over else ""
    ahead = [one for one in items if not one.is_over and one.exhausts_on]
    first = min(ahead, key=lambda one: (one.exhausts_on or today, -one.probability), default=None)
    if first is None or first.exhausts_on is None:
        return f"{amount} {what} {ends}{done}."
    when = f"{first.name} on {short_day(first.exhausts_on, today)} ({first.percent}{SPACE}%)"
    return f"{amount} {what} {ends}{done}; {'it is' if total == 1 else 'next'} {when}."


def analysis_sentence(one: UsageAnalysis) -> str:
    """What the days are like, in a few sentences."""
    if not one.known_days or not one.peak_bytes:
        return f"{one.name} used nothing from {one.start_date:%-d %b} to {one.end_date:%-d %b %Y}."
    first = (
        f"{one.name} uses {size(one.average_bytes)} a day on average ({counted(one.known_days, 'day')} up to "
        f"{one.end_date:%-d %b %Y}), on one day of twenty more than {size(one.p95_bytes)}"
    )
    parts = [f"{first}.", _trend(one), _spread(one), _quota(one), _week(one)]
    return " ".join(part for part in parts if part)


def _trend(one: UsageAnalysis) -> str:
    if one.trend_percent is None:
        return "It has too few days for a trend."
    if not one.trend_percent:
        return "It neither rises nor falls clearly."
    sign = "+" if one.trend_percent > 0 else "−"
    return f"It is {one.trend_words} ({sign}{abs(one.trend_percent):.0f}{SPACE}% a month)."


def _spread(one: UsageAnalysis) -> str:
    if one.volatility_percent is None:
        return ""
    word = "even" if one.volatility_percent < 25 else "uneven" if one.volatility_percent < 80 else "very uneven"
    return f"Its days are {word}: they lie {one.volatility_percent:.0f}{SPACE}% from their weekday's average."


def _quota(one: UsageAnalysis) -> str:
    if one.utilisation_percent is None:
        return ""
    return f"Thirty such days fill {one.utilisation_percent:.0f}{SPACE}% of its quota."


def _week(one: UsageAnalysis) -> str:
    if not one.weekday_bytes or not one.average_bytes:
        return ""
    heaviest = max(range(7), key=lambda day: one.weekday_bytes[day] if one.weekday_bytes else 0)
    weekend = sum(one.weekday_bytes[5:]) / 2
    if weekend < 0.5 * one.average_bytes:
        return f"Weekends are quiet, with {size(round(weekend))} a day."
    if one.weekday_bytes[heaviest] < UNEVEN * one.average_bytes:
        return ""
    return f"{WEEKDAYS[heaviest]} are the heaviest, with {size(one.weekday_bytes[heaviest])}."
