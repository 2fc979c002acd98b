"""The reasons in sentences, what weighs most first. Pure."""

from datetime import date

from analytics.schemas.reasons import UsageExplained
from iotsim.core.wording import counted, size


def sentence(one: UsageExplained, name: str) -> str:
    """The whole answer: how high, since when, on which day and hour, where, against plan and peers, anomalies."""
    parts = [_how_high(one, name), *(_what_stands_out(one) if one.total_bytes else [])]
    return " ".join(part for part in parts if part)


def day(value: date) -> str:
    return f"{value:%-d %b}"


def _how_high(one: UsageExplained, name: str) -> str:
    when = f"from {day(one.start_date)} to {day(one.end_date)}" if one.start_date < one.end_date else _on(one)
    used = f"SIM {name} used {size(one.total_bytes) if one.total_bytes else 'nothing'} {when}"
    if one.usual_bytes is None:
        return f"{used}. Too few days before are known to say what is usual for it."
    usual = f"its usual {size(one.usual_bytes)} for so many days"
    if one.is_high and one.ratio is not None:
        return f"{used}, {one.ratio:.1f} times {usual}."
    if one.ratio is None:
        return f"{used}; before that it used next to nothing."
    return f"{used}. That is not high for it: {_compared(one.ratio)} {usual}."


def _compared(ratio: float) -> str:
    if ratio >= 1.1:
        return f"{100 * (ratio - 1):.0f} % above"
    return "about" if ratio > 0.9 else f"{100 * (1 - ratio):.0f} % below"


def _on(one: UsageExplained) -> str:
    return f"on {day(one.start_date)}"


def _what_stands_out(one: UsageExplained) -> list[str]:
    return [_since(one), _peak(one), _hour(one), _where(one), _plan(one), _peers(one), _anomalies(one)]


def _since(one: UsageExplained) -> str:
    return f"It rose on {day(one.began_on)} and has stayed up." if one.began_on else ""


def _peak(one: UsageExplained) -> str:
    if one.peak_day is None or one.start_date == one.end_date:
        return ""
    share = 100 * one.peak_bytes / one.total_bytes
    heavy = f", {share:.0f} % of it" if share >= 20 else ""
    return f"Its heaviest day was {day(one.peak_day)} with {size(one.peak_bytes)}{heavy}."


def _hour(one: UsageExplained) -> str:
    if one.busiest_hour is None:
        return ""
    return (
        f"Between {one.busiest_hour:02}:00 and {(one.busiest_hour + 1) % 24:02}:00 it uses {one.busiest_percent:.0f} %."
    )


def _where(one: UsageExplained) -> str:
    if len(one.countries) > 1:
        told = ", ".join(f"{share.name} {share.share_percent:.0f} %" for share in one.countries[:3])
        return f"It was used in several countries: {told}."
    return f"All of it went over {one.networks[0].name}." if len(one.networks) == 1 else _networks(one)


def _networks(one: UsageExplained) -> str:
    told = ", ".join(f"{share.name} {share.share_percent:.0f} %" for share in one.networks[:3])
    return f"Networks: {told}." if told else ""


def _plan(one: UsageExplained) -> str:
    if one.quota_percent is None or one.quota_bytes is None:
        return ""
    ahead = one.quota_percent > one.cycle_percent + 10
    fast = ", faster than the cycle goes" if ahead and one.quota_percent <= 100 else ""
    return (
        f"It has used {one.quota_percent:.0f} % of its quota of {size(one.quota_bytes)} "
        f"with {one.cycle_percent:.0f} % of the cycle over{fast}."
    )


def _peers(one: UsageExplained) -> str:
    if one.peers is None:
        return ""
    return (
        f"{one.peers.above_percent:.0f} % of the other {counted(one.peers.count, 'active SIM')} {one.peers.what} "
        f"have used less this cycle (half of them less than {size(one.peers.median_bytes)})."
    )


def _anomalies(one: UsageExplained) -> str:
    told = [f"{found.title.lower()} ({found.severity}) since {day(found.first_day)}" for found in one.anomalies]
    return f"Open {'anomaly' if len(told) == 1 else 'anomalies'}: {'; '.join(told)}." if told else ""
