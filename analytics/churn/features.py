"""What is known of a customer on one day, as numbers: only of that day and of days before it.

Arrays of a fleet (one entry a SIM) go in, one row a customer comes out. Who logged in last and what tickets are open
would tell more; iotsim keeps neither yet, so they are left out, and the pages say so.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
MONTH: Final = 30
SILENT_DAYS: Final = 14
LEFT_OUT: Final = ("open tickets", "the last sign-in")  # not kept by iotsim yet

FEATURES: Final = (
    "usage_change_30",
    "usage_change_90",
    "megabytes_per_sim",
    "active_sims",
    "active_change_30",
    "silent_share",
    "stopped_share",
    "over_quota_share",
    "open_alerts_per_100",
    "new_alerts_per_100",
    "tenure_days",
    "plans",
    "pooled_share",
    "price_per_sim",
)


@dataclass(frozen=True)
class FleetOn:
    """A fleet as it was at the end of one day. N SIMs, T days up to and with that day, C customers.

    used: (T, N) bytes a day, NaN unknown; customer: (N,) from 0 to C - 1, -1 for none; active, active_before: (N,)
    whether active on that day and 30 days earlier; stopped: (N,) inactive or suspended; quota: (N,) bytes a cycle, NaN
    none; price: (N,) cents a month, NaN unknown; plan: (N,) a number, -1 none; pooled: (N,) 0, 1 or NaN;
    open_alerts, new_alerts: (C,); tenure: (C,) days since the first SIM was in use, NaN unknown.
    """

    used: NDArray[Any]
    customer: NDArray[np.int64]
    active: NDArray[np.bool_]
    active_before: NDArray[np.bool_]
    stopped: NDArray[np.bool_]
    quota: Vector
    price: Vector
    plan: NDArray[np.int64]
    pooled: Vector
    open_alerts: Vector
    new_alerts: Vector
    tenure: Vector


def customer_features(fleet: FleetOn) -> NDArray[np.float64]:
    """One row a customer, columns as FEATURES, NaN for what cannot be known."""
    count = len(fleet.tenure)
    owned = fleet.customer >= 0
    add = _adder(fleet.customer, owned, count)
    month = _usual(fleet.used[-MONTH:])
    before = _usual(fleet.used[-2 * MONTH : -MONTH])
    quarter = _usual(fleet.used[-4 * MONTH : -MONTH])
    active, active_before = add(fleet.active), add(fleet.active_before)
    lasting, sims = add(fleet.active | fleet.stopped), add(np.ones(len(fleet.customer)))
    silent = fleet.active & _is_silent(fleet.used[-SILENT_DAYS:])
    over = fleet.active & (month > fleet.quota)
    now = add(month)
    columns = {
        "usage_change_30": _change(now, add(before), len(fleet.used) >= 2 * MONTH),
        "usage_change_90": _change(now, add(quarter), len(fleet.used) >= 4 * MONTH),
        "megabytes_per_sim": _ratio(now / 1e6, active),
        "active_sims": active,
        "active_change_30": _change(active, active_before, True),
        "silent_share": _ratio(add(silent), active),
        "stopped_share": _ratio(add(fleet.stopped), lasting),
        "over_quota_share": _ratio(add(over), active),
        "open_alerts_per_100": _ratio(fleet.open_alerts * 100, sims),
        "new_alerts_per_100": _ratio(fleet.new_alerts * 100, sims),
        "tenure_days": fleet.tenure,
        "plans": _plans(fleet, count),
        "pooled_share": _mean(fleet.pooled, fleet.active, add),
        "price_per_sim": _mean(fleet.price, fleet.active, add),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1)


def _adder(customer: NDArray[np.int64], owned: NDArray[np.bool_], count: int) -> Any:
    """Sums over the SIMs of each customer."""
    whose = customer[owned]
    return lambda values: np.bincount(whose, np.asarray(values, float)[owned], minlength=count).astype(float)


def _usual(used: NDArray[Any]) -> Vector:
    """Bytes in thirty days, from those days of the window that are known of anybody; 0 where a SIM is unknown."""
    known = int(np.isfinite(used).any(axis=1).sum()) if used.size else 0
    total: Vector = np.nansum(used, axis=0, dtype=np.float64)
    return total * (MONTH / known) if known else np.full(used.shape[1], np.nan)


def _is_silent(used: NDArray[Any]) -> NDArray[np.bool_]:
    """No use in the window, and known for all of it (but for days nobody knows)."""
    told = np.isfinite(used).any(axis=1)
    window = used[told]
    silent: NDArray[np.bool_] = (
        ((window == 0).all(axis=0)) if len(window) >= SILENT_DAYS // 2 else np.zeros(used.shape[1], bool)
    )
    return silent


def _change(now: Vector, before: Vector, is_known: bool) -> Vector:
    """How much more or less, as a share (-0.38 is 38 % less), at most tenfold; NaN where there was nothing before."""
    if not is_known:
        return np.full_like(now, np.nan)
    return np.clip(_ratio(now, before) - 1, -1, 9)


def _ratio(part: Vector, whole: Vector) -> Vector:
    ratio: Vector = np.divide(part, whole, out=np.full_like(np.asarray(part, float), np.nan), where=whole > 0)
    return ratio


def _mean(values: Vector, among: NDArray[np.bool_], add: Any) -> Vector:
    known = among & np.isfinite(values)
    return _ratio(add(np.where(known, values, 0)), add(known))


def _plans(fleet: FleetOn, count: int) -> Vector:
    """How many different plans the active SIMs of each customer are on; NaN when no plan is known."""
    on_plan = fleet.active & (fleet.plan >= 0) & (fleet.customer >= 0)
    pairs = np.unique(np.stack([fleet.customer[on_plan], fleet.plan[on_plan]]), axis=1)
    found = np.bincount(pairs[0], minlength=count).astype(float)
    return np.where(found > 0, found, np.nan)
