"""SIMs near their quota are forecast once more, by the model that was trained on the whole fleet (tier 1).

Only while a version of it is in use; the others, and a fleet without one, keep what tier 0 says.
"""

from typing import TYPE_CHECKING, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from analytics.models.forecasts import HORIZON_DAYS
from analytics.training.keeping import BadVersion, champion

if TYPE_CHECKING:
    from analytics.forecasting.shapes import Forecasts

log = structlog.get_logger(__name__)

MODEL: Final = "usage"
NEAR: Final = 0.7  # of what is left of the quota: whose upper bound comes to this is near it
LEAST_DAYS: Final = 42  # known days, as its examples had

Flags = NDArray[np.bool_]


def sharpen(
    organization_id: int,
    made: "Forecasts",
    values: NDArray[np.float32],
    weekdays: NDArray[np.int64],
    *,
    remaining: NDArray[np.int64],
    allowance: NDArray[np.float64],
    ignored: Flags,
) -> tuple[Flags, str]:
    """Put the trained model's word in the place of tier 0's for SIMs near their quota, in place.

    Answers for which SIMs, and the version; nobody and an empty version where none is in use or it cannot be read.
    """
    near = np.flatnonzero(
        (remaining > 0)
        & (allowance > 0)
        & (made.history_days >= LEAST_DAYS)
        & (made.rest[2] >= NEAR * np.nan_to_num(allowance, nan=np.inf))
    )
    sharp = np.zeros(len(remaining), np.bool_)
    version = _fill(organization_id, made, near, values, weekdays, remaining, ignored) if near.size else ""
    sharp[near] = bool(version)
    return sharp, version


def _fill(
    organization_id: int,
    made: "Forecasts",
    near: NDArray[np.int64],
    values: NDArray[np.float32],
    weekdays: NDArray[np.int64],
    remaining: NDArray[np.int64],
    ignored: Flags,
) -> str:
    from analytics.forecasting.boosted import Boosted, predict

    try:
        used = champion(organization_id, MODEL)
    except BadVersion as error:
        log.warning("usage_model_not_used", organization_id=organization_id, error=str(error))
        return ""
    if used is None or not isinstance(used.model, Boosted):
        return ""
    ahead = predict(
        used.model,
        np.ascontiguousarray(values[:, near]),
        weekdays,
        remaining=remaining[near],
        horizon=HORIZON_DAYS,
        ignored=ignored[:, near],
    )
    made.rest[:, near], made.curve[:, :, near] = ahead.rest, ahead.curve
    made.probability[near] = np.nan  # read off the new bounds when it is moved on to the as-of
    return str(used.version)
