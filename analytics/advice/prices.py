"""The price model of plans: what a SIM costs a month on each of them, on average and in a heavy month.

cost = price + overage price * megabytes beyond the quota (1 MB = 10^6 bytes; a quota of 0 is none), as sims/costs.py
has it for the past. The average is over the distribution of the usage and not the cost of the average usage: a SIM
whose median stays below the quota costs overage in some months.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.usage import Amounts, Usage

MB: Final = 1e6


@dataclass(frozen=True)
class Tariff:
    """A plan's price model: price in cents a month, quota in bytes (0: none), overage in cents per 10^6 bytes."""

    id: int
    price: float
    quota: float
    overage: float
    currency: str
    pooled: bool = False

    def cost(self, usage: Usage, quota: object = None) -> Amounts:
        """Expected cents a month of each SIM; `quota` (N,) instead of the plan's where SIMs have their own."""
        limit = self._limit(usage, quota)
        return self.price + np.where(limit > 0, usage.beyond(limit), 0.0) * self.overage / MB

    def worst(self, usage: Usage, quota: object = None) -> Amounts:
        """Cents in a month of which nine of ten are lighter."""
        return self.at(usage.high, self._limit(usage, quota))

    def at(self, used: Amounts, quota: object = None) -> Amounts:
        """Cents for so many bytes."""
        limit = np.broadcast_to(np.asarray(self.quota if quota is None else quota, np.float64), used.shape)
        return self.price + np.where(limit > 0, np.maximum(used - limit, 0.0), 0.0) * self.overage / MB

    def _limit(self, usage: Usage, quota: object) -> Amounts:
        return np.broadcast_to(np.asarray(self.quota if quota is None else quota, np.float64), usage.middle.shape)

    def breaks_even(self, other: "Tariff") -> float:
        """Bytes a month up to which this plan costs no more than the other, dearer one; inf: however many.

        Looked for where only this plan's overage grows, that is up to the other's quota.
        """
        if self.price > other.price:
            return 0.0
        if not self.quota or not self.overage:
            return float("inf")
        even = self.quota + (other.price - self.price) / self.overage * MB
        if other.quota and even > other.quota and other.overage >= self.overage:
            return float("inf")
        return even


@dataclass(frozen=True)
class Best:
    """The cheapest plan of each of N SIMs: its index among the tariffs, what it costs, what the present one costs."""

    plan: NDArray[np.int64]
    cost: Amounts
    worst: Amounts
    present_cost: Amounts
    present_worst: Amounts
    light_saving: Amounts  # in a month of which nine of ten are heavier

    @property
    def saving(self) -> Amounts:
        """Expected cents a month; never negative, since the present plan is among those compared."""
        return self.present_cost - self.cost

    @property
    def worst_saving(self) -> Amounts:
        """Cents in a heavy month, negative where the advised plan costs more in it."""
        return self.present_worst - self.worst


def best_plans(tariffs: Sequence[Tariff], usage: Usage, present: NDArray[np.int64]) -> Best:
    """The plan that is expected to cost least for each SIM on its own.

    `present` (N,) is each SIM's own plan, as an index of `tariffs`. Only plans of the same currency are compared, and
    no pooled ones: what a SIM brings to a pool is a matter of the pool (see pools.py). Of equally dear ones the
    present plan stays.
    """
    count = len(usage)
    rows = np.arange(count)
    cost = np.stack([one.cost(usage) for one in tariffs]) if tariffs else np.zeros((0, count))
    worst = np.stack([one.worst(usage) for one in tariffs]) if tariffs else np.zeros((0, count))
    light = np.stack([one.at(usage.low) for one in tariffs]) if tariffs else np.zeros((0, count))
    currencies = np.array([one.currency for one in tariffs])
    allowed = (currencies[:, None] == currencies[present][None, :]) & ~np.array([one.pooled for one in tariffs])[
        :, None
    ]
    allowed[present, rows] = True
    compared = np.where(allowed, cost, np.inf)
    chosen = compared.argmin(axis=0)
    chosen = np.where(compared[chosen, rows] < cost[present, rows] - 1e-9, chosen, present)
    return Best(
        plan=chosen,
        cost=cost[chosen, rows],
        worst=worst[chosen, rows],
        present_cost=cost[present, rows],
        present_worst=worst[present, rows],
        light_saving=light[present, rows] - light[chosen, rows],
    )
