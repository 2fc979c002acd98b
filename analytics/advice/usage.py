"""Usage of a month that is still to come, known by its 10, 50 and 90 % quantiles, and what of it lies beyond a quota.

The quantiles are joined to a distribution in one of two ways.

* A split lognormal: log U is normal with its median at the 50 % quantile, with one spread below and one above it so
  that the outer quantiles fit (the two-piece normal of Fechner, see Wallis, Statistical Science 29, 2014, on logs).
  The expected overage is then the price of a call option (Black and Scholes, Journal of Political Economy 81, 1973),
  taken piece by piece.
* Where the middle is about nothing (SIMs that speak now and then), a piecewise linear quantile function through the
  three points, prolonged to both ends. Its integral beyond the quota is a sum of trapezia.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Amounts = NDArray[np.float64]

Z90: Final = 1.2815515655446004  # the 90 % quantile of the standard normal distribution
WIDEST: Final = 1.8  # spread on the log scale beyond which the mean would be a matter of the tail alone
NOTHING: Final = 1_000.0  # bytes: a median below it is about nothing


@dataclass(frozen=True)
class Usage:
    """Quantiles of the bytes in a month, each of the shape (N,): `low` <= `middle` <= `high` (10, 50, 90 %)."""

    low: Amounts
    middle: Amounts
    high: Amounts

    @classmethod
    def of(cls, low: object, middle: object, high: object) -> "Usage":
        """From anything like arrays. What is negative or not a number is 0, and the order of quantiles is kept."""
        rows = [np.nan_to_num(np.atleast_1d(np.asarray(one, np.float64)), nan=0.0) for one in (low, middle, high)]
        q10, q50, q90 = (np.clip(one, 0, 1e18) for one in rows)
        return cls(np.minimum(q10, q50), q50, np.maximum(q50, q90))

    def __len__(self) -> int:
        return int(self.middle.size)

    def only(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Usage":
        """Those of the SIMs that a mask or indices choose."""
        return Usage(self.low[chosen], self.middle[chosen], self.high[chosen])

    @property
    def deviation(self) -> Amounts:
        """Standard deviation upwards, in bytes."""
        above: Amounts = (self.high - self.middle) / Z90
        return above

    def beyond(self, quota: object) -> Amounts:
        """Expected bytes beyond `quota` (bytes, shape (N,) or one number; at least 0)."""
        limit = np.broadcast_to(np.asarray(quota, np.float64), self.middle.shape)
        rare = self.middle < np.maximum(NOTHING, self.high * 1e-3)
        return np.where(rare, self._piecewise(limit), self._lognormal(limit))

    def _lognormal(self, limit: Amounts) -> Amounts:
        middle = np.maximum(self.middle, 1.0)
        below = np.clip(np.log(middle / np.maximum(self.low, 1.0)) / Z90, 1e-6, WIDEST)
        above = np.clip(np.log(np.maximum(self.high, middle) / middle) / Z90, 1e-6, WIDEST)
        log = np.log(np.maximum(limit, 1.0) / middle)  # where the quota lies on the log scale, 0: at the median
        start = np.maximum(log / above, 0.0)
        upper = middle * np.exp(above**2 / 2) * ndtr(above - start) - limit * ndtr(-start)
        start = np.minimum(log / below, 0.0)
        inside = ndtr(-below) - ndtr(start - below)
        lower = middle * np.exp(below**2 / 2) * inside - limit * (0.5 - ndtr(start))
        found: Amounts = np.maximum(upper + lower, 0.0)
        return found

    def _piecewise(self, limit: Amounts) -> Amounts:
        chances = (0.0, 0.1, 0.5, 0.9, 1.0)
        first = np.maximum(0.0, self.low - (self.middle - self.low) / 4)
        points = (first, self.low, self.middle, self.high, self.high + (self.high - self.middle) / 4)
        total = np.zeros_like(self.middle)
        for (left, right), (low, high) in zip(pairwise(chances), pairwise(points), strict=True):
            total += (right - left) * _mean_beyond(low, high, limit)
        return total


def _mean_beyond(low: Amounts, high: Amounts, limit: Amounts) -> Amounts:
    """Mean of max(0, u - limit) for u evenly between low and high."""
    width = np.maximum(high - low, 1e-9)
    over_low, over_high = np.maximum(low - limit, 0.0), np.maximum(high - limit, 0.0)
    return np.where(high > low, (over_high**2 - over_low**2) / (2 * width), over_low)


def together(usage: Usage, *, groups: NDArray[np.int64], count: int, shared: float = 0.25) -> Usage:
    """The usage of groups of SIMs: `groups` (N,) holds 0 to count - 1.

    Medians add up. The deviations of SIMs that have nothing to do with each other add up as squares, those that move
    together as they are; `shared` is how much of the latter is assumed (a season moves a whole fleet).
    """
    middle = np.bincount(groups, usage.middle, count)
    above = _joined(usage.high - usage.middle, groups, count, shared)
    below = _joined(usage.middle - usage.low, groups, count, shared)
    return Usage.of(middle - below, middle, middle + above)


def _joined(spread: Amounts, groups: NDArray[np.int64], count: int, shared: float) -> Amounts:
    alone = np.bincount(groups, spread**2, count)
    summed = np.bincount(groups, spread, count)
    joined: Amounts = np.sqrt((1 - shared) * alone + shared * summed**2)
    return joined
