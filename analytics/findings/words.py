"""An anomaly in words and figures. Pure: from its kind and its evidence, which is plain JSON.

Evidence, as far as a kind has it: `day` (the worst one, ISO), `bytes`, `usual_bytes` and `spread_bytes` (of that
weekday), `sessions`, `usual_sessions`, `imei_before`, `imei_after`, `imei_at` (local), `imei_hours` (before the end of
the day's traffic), `country`, `home`, `silent_days`, `silent_odds` (of such a pause by chance), `doubling_days`,
`weeks`, `quota_bytes`, `left_share` (of the usual use while throttled), `bound_bytes`, `bound_sessions` (of the
policy), `moved`, `cohort_sims`.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from iotsim.core.countries import country_name
from iotsim.core.wording import counted, size

Facts = dict[str, Any]

TITLES: Final = {
    "spike": "Usage spike",
    "theft": "Theft",
    "retry_storm": "Retry storm",
    "silent": "Silent",
    "leak": "Leak",
    "roaming": "Use abroad",
    "throttled": "Throttled",
    "new_country": "New country",
    "policy": "Against the policy",
}
MEANING: Final = {
    "spike": "It used far more than it ever does on such a day.",
    "theft": "The card was seen in another device and uses far more than before: somebody may have taken it out.",
    "retry_storm": "It connects again and again, as a device does that cannot reach its server.",
    "silent": "It has stopped sending though it is active and hardly ever pauses.",
    "leak": "Its use has been growing steadily for weeks, as software does that sends more and more.",
    "roaming": "It is in a country it does not belong in, and uses more than at home.",
    "throttled": "It has used its quota up, and since then only a trickle is left of its usual use.",
    "new_country": "It appeared in a country where it has never been.",
    "policy": "It passed a limit that your organisation has set.",
}


def when(day: date, today: date | None = None) -> str:
    """A day as one says it: "yesterday", "on Tue 17 Nov"; without `today` always the date."""
    if today is not None and day == today:
        return "today so far"
    if today is not None and day == today - timedelta(days=1):
        return "yesterday"
    year = "" if today is not None and day.year == today.year else f" {day.year}"
    return f"on {day:%a %-d %b}{year}"


def evidence_in_words(kind: str, facts: Facts, *, today: date | None = None) -> str:
    """The evidence: "4.12 GB yesterday; usual Tuesday 12.0 MB ± 4.00 MB; IMEI changed 2 hours before"."""
    parts = [part(facts, today) for part in _PARTS[kind]]
    return "; ".join(part for part in parts if part)


def _day(facts: Facts) -> date | None:
    return date.fromisoformat(facts["day"]) if facts.get("day") else None


def _used(facts: Facts, today: date | None) -> str:
    day = _day(facts)
    if day is None or facts.get("bytes") is None:
        return ""
    return f"{size(round(facts['bytes']))} {when(day, today)}"


def _usual(facts: Facts, today: date | None) -> str:
    usual, day = facts.get("usual_bytes"), _day(facts)
    if usual is None or day is None:
        return ""
    spread = facts.get("spread_bytes")
    about = f" ± {size(round(spread))}" if spread else ""
    return f"usual {day:%A} {size(round(usual))}{about}"


def _sessions(facts: Facts, today: date | None) -> str:
    count, usual = facts.get("sessions"), facts.get("usual_sessions")
    if count is None:
        return ""
    against = f", usually {usual:,.0f}" if usual is not None else ""
    return f"{counted(round(count), 'session')}{against}"


def _imei(facts: Facts, today: date | None) -> str:
    """When the device changed: two hours before the day's traffic ended, or on a day before."""
    if not facts.get("imei_at"):
        return ""
    before, after = facts.get("imei_before"), facts.get("imei_after")
    models = f" (type {before[:8]} before, {after[:8]} now)" if before and after else ""
    at, day, hours = datetime.fromisoformat(facts["imei_at"]), _day(facts), facts.get("imei_hours")
    if day is None or at.date() != day:
        return f"IMEI changed {when(at.date(), today)}{models}"
    ago = counted(round(hours), "hour") if hours and hours >= 1 else "less than an hour"
    return f"IMEI changed {ago} before{models}"


def _place(facts: Facts, today: date | None) -> str:
    country = facts.get("country")
    if not country:
        return ""
    home = f", at home in {country_name(facts['home'])}" if facts.get("home") else ""
    return f"in {country_name(country)}{home}"


def _silence(facts: Facts, today: date | None) -> str:
    days = facts.get("silent_days")
    return f"no data for {counted(days, 'day')}" if days else ""


def _chance(facts: Facts, today: date | None) -> str:
    """How likely such a pause is by chance, as one would say it."""
    odds = facts.get("silent_odds")
    if odds is None or odds >= 0.2:
        return ""
    if odds < 1e-6:
        return "it hardly ever pauses"
    times = round(1 / odds)
    return f"by chance it pauses so long once in {round(times, 2 - len(str(times))):,} times"


def _growth(facts: Facts, today: date | None) -> str:
    days, weeks = facts.get("doubling_days"), facts.get("weeks")
    if not days:
        return ""
    since = f", over {counted(weeks, 'week')}" if weeks else ""
    return f"use doubles every {counted(round(days), 'day')}{since}"


def _trickle(facts: Facts, today: date | None) -> str:
    share, quota = facts.get("left_share"), facts.get("quota_bytes")
    of = f"quota of {size(quota)} used up" if quota else "quota used up"
    return f"{of}; since then {100 * share:.0f}\u00a0% of the usual use" if share is not None else of


def _bound(facts: Facts, today: date | None) -> str:
    bounds = [
        f"{size(facts['bound_bytes'])} a day" if facts.get("bound_bytes") else "",
        f"{facts['bound_sessions']:,} sessions a day" if facts.get("bound_sessions") else "",
    ]
    told = " and ".join(one for one in bounds if one)
    return f"the policy allows {told}" if told else ""


def _cohort(facts: Facts, today: date | None) -> str:
    moved, of = facts.get("moved"), facts.get("cohort_sims")
    return f"{moved:,} of {counted(of, 'SIM')} moved together" if moved and of else ""


Part = Callable[[Facts, date | None], str]
_PARTS: Final[dict[str, tuple[Part, ...]]] = {
    "spike": (_cohort, _used, _usual),
    "theft": (_used, _usual, _imei, _place),
    "retry_storm": (_cohort, _sessions, _used, _usual),
    "silent": (_cohort, _silence, _chance, _usual),
    "leak": (_cohort, _growth, _used),
    "roaming": (_place, _used, _usual),
    "throttled": (_trickle, _used, _usual),
    "new_country": (_place, _used),
    "policy": (_used, _sessions, _bound),
}


def lasting(first: date, last: date, ended: date | None, *, today: date) -> str:
    """Since when, or from when to when."""
    if ended is None:
        return f"since {first:%-d %b}" if first != last or first < today else "since today"
    return f"on {first:%-d %b}" if first == last else f"from {first:%-d %b} to {last:%-d %b}"


def opinion(score: float | None) -> str:
    """What the second opinion says, in a sentence."""
    if score is None:
        return "There is no second opinion: too few SIMs like it, or too few days of it, to compare."
    if score < 0:
        return f"The second opinion (Isolation Forest) agrees: among SIMs like it, it stands apart ({score:+.2f})."
    return (
        f"The second opinion (Isolation Forest) does not agree: among SIMs like it, nothing strikes it ({score:+.2f})."
    )


QUIET: Final = {
    "budget": "The alert budget was used up by worse ones.",
    "past": "It was over when it was found.",
    "severity": "It weighs less than alerts are raised for.",
    "kind": "This kind raises no alerts.",
    "expected": "It was expected.",
    "false": "It was said to be a false alarm.",
    "cohort": "A whole cohort moved together, as with new firmware.",
}
COHORT_MEANING: Final = "Many SIMs of one kind moved together, as with new firmware or an outage: one cause, told once."
