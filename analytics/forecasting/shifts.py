"""Levels that changed for good a short while ago: a new plan, a new job for the device, a device that fell silent.

A change counts when nearly all of the last days lie where hardly any of the days before did. The level since then is
what goes on; the slow weights of `levels` are for everything smaller.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.profile import Profile
from analytics.forecasting.shapes import Matrix, Vector
from analytics.forecasting.statistics import known_or, quantiles, share

SUSPICIOUS: Final = 0.25  # of the log, between the last cycle and the long mean
CANDIDATES: Final = (1, 2, 3, 4, 6)  # cycles since the change
RARE: Final = 0.05  # of the days before lie beyond
NEARLY_ALL: Final = 0.15  # of the days since may not
DOUBT: Final = 2.0  # days since that are believed to be chance


def shifted_ratio(values: Matrix, profile: Profile) -> Vector:
    """The level since a lasting change, relative to the usual (B,); NaN where there was none."""
    found = np.full(len(values), np.nan, np.float32)
    period = profile.average.shape[1]
    odd = np.abs(profile.recent[:, :3].sum(axis=1)) + np.abs(profile.recent.sum(axis=1)) > 2 * SUSPICIOUS
    sims = np.flatnonzero(odd & (profile.seen >= 3 * period))
    if not sims.size:
        return found
    cycles = min(16, values.shape[1] // period)
    days = values[sims][:, values.shape[1] - cycles * period :]
    usual = np.tile(profile.average[sims], (1, cycles))
    for count in CANDIDATES:
        since = count * period
        if cycles < count + 2:
            break
        changed = _changed(days - usual, since)
        ratio = share(_total(days[:, -since:]), _total(np.where(np.isfinite(days), usual, np.nan)[:, -since:]))
        weight = np.float32(since / (since + DOUBT))
        found[sims[changed]] = (weight * ratio + (1 - weight) * np.exp(profile.recent[sims].sum(axis=1)))[changed]
    return found


def _changed(residual: Matrix, since: int) -> NDArray[np.bool_]:
    low, high = quantiles(residual[:, :-since], (RARE, 1 - RARE))
    least, most = quantiles(residual[:, -since:], (NEARLY_ALL, 1 - NEARLY_ALL))
    enough = np.isfinite(residual[:, -since:]).mean(axis=1) >= 0.7
    apart = (least > high) | (most < low)
    found: NDArray[np.bool_] = enough & apart & (np.isfinite(residual[:, :-since]).sum(axis=1) >= 14)
    return found


def _total(values: Matrix) -> Vector:
    found: Vector = known_or(values, 0).sum(axis=1)
    return found
