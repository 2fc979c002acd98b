"""Features in words: "use fell 38 % in 30 days". Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.churn.features import SILENT_DAYS

SAME: Final = 0.02  # a change below 2 % is none


@dataclass(frozen=True)
class Reason:
    """One feature's part: `weight` above 0 makes leaving likelier. Log-odds for a model, points for the rules."""

    feature: str
    words: str
    weight: float


def describe(feature: str, value: float | None) -> str:
    """A feature's value as a short sentence without a full stop. Unknown features are named with their value."""
    if value is None or not math.isfinite(value):
        return f"{TITLES.get(feature, feature)} is not known"
    say = _WORDS.get(feature)
    return say(value) if say else f"{feature} is {value:g}"


def reasons_of(
    features: Sequence[str], values: Sequence[float | None] | NDArray[Any], weights: NDArray[Any], most: int = 5
) -> list[Reason]:
    """The features that weigh most, either way, the heaviest first; what weighs nothing is left out.

    `weights` has one entry a feature (a last one, what is expected of anybody, is passed over).
    """
    order = sorted(range(len(features)), key=lambda place: -abs(float(weights[place])))
    return [
        Reason(features[place], describe(features[place], values[place]), round(float(weights[place]), 4))
        for place in order[:most]
        if abs(float(weights[place])) > 1e-3
    ]


def in_a_sentence(reasons: Sequence[Reason]) -> str:
    """ "use fell 38 % in 30 days; 4 in 10 SIMs are silent": those that make leaving likelier."""
    return "; ".join(one.words for one in reasons if one.weight > 0)


def _percent(share: float) -> str:
    return f"{np.round(abs(share) * 100):.0f} %"


def _moved(what: str, since: str) -> Callable[[float], str]:
    def say(change: float) -> str:
        if abs(change) < SAME:
            return f"{what} stayed as before {since}"
        return f"{what} {'rose' if change > 0 else 'fell'} {_percent(change)} {since}"

    return say


def _share(some: str, none: str) -> Callable[[float], str]:
    return lambda share: none if share < 0.005 else f"{_percent(share)} {some}"


def _tenure(days: float) -> str:
    return f"a customer for {days / 365.25:.1f} years" if days >= 730 else f"a customer for {days:.0f} days"


TITLES: Final = {
    "usage_change_30": "Use in 30 days",
    "usage_change_90": "Use against 90 days",
    "megabytes_per_sim": "Use a SIM",
    "active_sims": "Active SIMs",
    "active_change_30": "Active SIMs in 30 days",
    "silent_share": "Silent SIMs",
    "stopped_share": "Stopped SIMs",
    "over_quota_share": "SIMs over their quota",
    "open_alerts_per_100": "Open alerts",
    "new_alerts_per_100": "New alerts",
    "tenure_days": "Tenure",
    "plans": "Plans",
    "pooled_share": "SIMs on pooled plans",
    "price_per_sim": "Price a SIM",
}
_WORDS: Final[dict[str, Callable[[float], str]]] = {
    "usage_change_30": _moved("use", "in 30 days"),
    "usage_change_90": _moved("use", "against the 90 days before"),
    "megabytes_per_sim": lambda value: f"a SIM uses {value:,.3g} MB a month",
    "active_sims": lambda value: f"{value:,.0f} active {'SIM' if value == 1 else 'SIMs'}",
    "active_change_30": _moved("the number of active SIMs", "in 30 days"),
    "silent_share": _share(f"of the active SIMs used nothing for {SILENT_DAYS} days", "no active SIM is silent"),
    "stopped_share": _share("of the SIMs are inactive or suspended", "no SIM is stopped"),
    "over_quota_share": _share("of the SIMs used more than their quota in 30 days", "no SIM is over its quota"),
    "open_alerts_per_100": lambda value: f"{value:,.3g} open alerts on 100 SIMs" if value else "no open alerts",
    "new_alerts_per_100": lambda value: (
        f"{value:,.3g} alerts on 100 SIMs in 30 days" if value else "no alerts in 30 days"
    ),
    "tenure_days": _tenure,
    "plans": lambda value: f"on {value:.0f} {'plan' if value == 1 else 'plans'}",
    "pooled_share": _share("of the SIMs are on pooled plans", "no SIM is on a pooled plan"),
    "price_per_sim": lambda value: f"a SIM costs {value / 100:,.2f} a month",
}
