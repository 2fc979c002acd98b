"""The night's forecasts of customers, pools and the fleet: of their SIMs' days added up, never of their quantiles."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from analytics.ahead.clock import position
from analytics.ahead.moving import Now, moved
from analytics.forecasting.fleet import forecast_fleet
from analytics.forecasting.shapes import Forecasts, beside
from analytics.models.forecasts import HORIZON_DAYS
from analytics.nightly.facts import Facts, read_since
from analytics.nightly.forecast_rows import write_groups
from analytics.nightly.standing import base_of, columns_of, cycles_of, days_since, passed_at, used_before

if TYPE_CHECKING:
    from analytics.nightly.history import History

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SCOPES: Final = ("fleet", "customer", "pool")
_CALENDAR: Final = 1  # customers and the fleet go by the calendar's months


@dataclass(frozen=True)
class Groups:
    """G groups: scope (index in SCOPES), customer and plan (0 for none), their quota (NaN none), and their days.

    `series` (day, G) in bytes, NaN where nobody can know; `used` is that of the SIMs' own cycles, for pools.
    """

    scope: NDArray[np.uint8]
    customer_id: Ints
    plan_id: Ints
    quota: Floats
    used: Floats
    sims: Ints
    billing_day: Ints
    series: NDArray[np.float32]


def forecast_groups(history: "History", facts: Facts) -> int:
    """Forecast every group and write it. Answers how many there are."""
    groups = groups_of(history, facts)
    first_day = history.last_day + timedelta(days=1)
    cycles = cycles_of(groups.billing_day, first_day)
    since = cycles.first - days_since(history.first_day)
    used = used_before(groups.series, since)
    end = cycles.last - days_since(first_day) + 1
    made = _forecast(groups, history.weekdays, end, groups.quota - used)
    everything, ends = slice(0, len(end)), end.astype(np.float64)
    over_since = passed_at(groups.series, np.arange(len(end)), since, groups.quota, used)
    before = base_of(made, everything, end=ends, used=used, quota=groups.quota, exhausts=over_since)
    as_of = history.as_of or timezone.now()
    today = _today(history, facts, groups, first_day)
    now = Now(
        at=np.minimum(np.full(len(ends), position(as_of, first_day, history.zone)), ends),
        end=ends,
        used=np.where(np.isnan(groups.used), used + today, groups.used),
        quota=groups.quota,
        same_cycle=np.ones(len(ends), np.bool_),
    )
    rows = columns_of(
        made, everything, moved(before, now), now, before, first_day=first_day, cycles=cycles, as_of=as_of
    )
    write_groups(
        history.organization_id, (groups.scope, SCOPES), (groups.customer_id, groups.plan_id), groups.sims, rows
    )
    return len(end)


def _forecast(groups: Groups, weekdays: Ints, remaining: Ints, allowance: Floats) -> Forecasts:
    """The fleet by itself: bounds are learned from the errors of all series together, and a customer of twenty SIMs
    errs more than twenty customers do.
    """
    alone = groups.scope == SCOPES.index("fleet")
    parts = [
        forecast_fleet(
            np.ascontiguousarray(groups.series[:, mine]), weekdays, horizon=HORIZON_DAYS, remaining=remaining[mine],
            allowance=allowance[mine],
        )
        for mine in (alone, ~alone)
    ]  # fmt: skip
    return beside(parts)


def groups_of(history: "History", facts: Facts) -> Groups:
    """The fleet, each customer and each pool, of the SIMs in use."""
    pooled = np.flatnonzero(~np.isnan(facts.share))
    customers, of_customer = np.unique(facts.customer_id, return_inverse=True)
    pools, of_pool = np.unique(
        np.stack([facts.customer_id[pooled], facts.plan_id[pooled]]), axis=1, return_inverse=True
    )
    of_pool = of_pool.reshape(-1)
    real = customers > 0
    everybody = np.zeros(facts.ids.size, np.int64)
    series = [
        summed(history.bytes, facts.column, everybody, 1),
        summed(history.bytes, facts.column, of_customer, customers.size)[:, real],
        summed(history.bytes, facts.column[pooled], of_pool, pools.shape[1]),
    ]
    none, many = np.full(1 + int(real.sum()), np.nan), pools.shape[1]
    fleet_and = np.concatenate([[facts.ids.size], np.bincount(of_customer, minlength=customers.size)[real]])
    billing = np.zeros(many, np.int64)
    billing[of_pool] = facts.billing_day[pooled]
    return Groups(
        scope=np.concatenate([[0], np.full(real.sum(), 1), np.full(many, 2)]).astype(np.uint8),
        customer_id=np.concatenate([[0], customers[real], pools[0]]).astype(np.int64),
        plan_id=np.concatenate([np.zeros(len(none)), pools[1]]).astype(np.int64),
        quota=_none_for_zero(np.concatenate([none, np.bincount(of_pool, facts.share[pooled], many)])),
        used=np.concatenate([none, np.bincount(of_pool, facts.used[pooled], many)]),
        sims=np.concatenate([fleet_and, np.bincount(of_pool, minlength=many)]).astype(np.int64),
        billing_day=np.concatenate([np.full(len(none), _CALENDAR), billing]).astype(np.int64),
        series=np.concatenate(series, axis=1),
    )


def _none_for_zero(quota: Floats) -> Floats:
    return np.where(quota > 0, quota, np.nan)


def summed(values: NDArray[np.float32], columns: Ints, group: Ints, count: int) -> NDArray[np.float32]:
    """(day, group): the SIMs of each group added up day by day; NaN when none of them is known on that day."""
    total = np.full((len(values), count), np.nan, np.float32)
    for day, row in enumerate(values):
        mine = row[columns]
        known = ~np.isnan(mine)
        sums = np.bincount(group[known], mine[known], count)
        total[day] = np.where(np.bincount(group[known], minlength=count) > 0, sums, np.nan)
    return total


def _today(history: "History", facts: Facts, groups: Groups, first_day: date) -> Floats:
    """What the customers and the fleet have used since the last whole day; pools know their own."""
    ids, used = read_since(history.organization_id, first_day)
    place = np.searchsorted(facts.ids, ids).clip(max=facts.ids.size - 1)
    known = facts.ids[place] == ids
    whose = facts.customer_id[place[known]]
    by_customer = {int(one): float(used[known][whose == one].sum()) for one in np.unique(whose)}
    return np.array(
        [
            float(used[known].sum()) if scope == 0 else by_customer.get(int(customer), 0.0)
            for scope, customer in zip(groups.scope, groups.customer_id, strict=True)
        ]
    )
