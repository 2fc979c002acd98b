"""The model of usage: one gradient-boosted model of all SIMs (tier 1 of the forecasts), judged on its last 30 days.

What is learned from ends thirty days before the newest whole day; on these the sum that each SIM used is compared with
what the model says of it.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.training.trainer import CannotTrain, Dataset, Need, Progress, Trainer
from iotsim.core.proposals import digest_of
from sims.lifecycle import Status
from sims.models import FleetDaily, Sim

if TYPE_CHECKING:
    from analytics.forecasting.boosted import Boosted

HELD_DAYS: Final = 30
DAYS: Final = 240  # looked back over
LEAST_DAYS: Final = 90
LEAST_SIMS: Final = 20
QUERY: Final = "bytes a day of all SIMs not in stock; v1"


@dataclass(frozen=True)
class Days:
    """`values` float32 (days, SIMs), NaN unknown; `weekdays` (days,); `came` (SIMs,): bytes of the days held back.

    `ignored` (days, SIMs): days of anomalies, from which nothing is learned.
    """

    values: NDArray[np.float32]
    weekdays: NDArray[np.int64]
    came: NDArray[np.float64]
    ignored: NDArray[np.bool_]


class UsageTrainer(Trainer["Boosted"]):
    name = "usage"
    title = "Usage"
    about = "How much each SIM will use in the days to come, with bounds; for SIMs near their quota."
    metric = "cumulative_error"
    higher_is_better = False

    def needs(self, organization_id: int) -> list[Need]:
        days = FleetDaily.objects.filter(organization_id=organization_id).count()
        sims = Sim.objects.filter(organization_id=organization_id, status=Status.ACTIVE).count()
        return [Need("days with usage", days, LEAST_DAYS), Need("active SIMs", sims, LEAST_SIMS)]

    def snapshot(self, organization_id: int) -> Dataset:
        from analytics.nightly.anomalies import ignored_days
        from analytics.nightly.history import read_history

        history = read_history(organization_id, days=DAYS)
        known = np.flatnonzero(np.isfinite(history.bytes).any(axis=1))
        if not known.size or history.days - known[0] < LEAST_DAYS:
            raise CannotTrain(f"Usage cannot be learned yet: fewer than {LEAST_DAYS} days are known.")
        values = history.bytes[known[0] :]
        weekdays, end = history.weekdays[known[0] :], len(values) - HELD_DAYS
        first = history.first_day + timedelta(days=int(known[0]))
        # A SIM that is not known to the end cannot be judged by its sum.
        came = values[end:].sum(axis=0, dtype=np.float64)
        ignored = ignored_days(organization_id, history)[known[0] :]
        days = Days(values[:end], weekdays[:end], came, ignored[:end])
        content = hashlib.sha256(np.ascontiguousarray(values).tobytes() + np.packbits(ignored).tobytes()).hexdigest()
        return Dataset(
            id=digest_of([QUERY, history.sim_ids.tolist(), first.isoformat(), history.last_day.isoformat(), content]),
            first_day=first,
            last_day=history.last_day,
            held_from=history.last_day - timedelta(days=HELD_DAYS - 1),
            rows=int(np.isfinite(values).sum()),
            learn=days,
            hold=days,
            facts={"sims": int(history.sim_ids.size), "judged_sims": int((came > 0).sum())},
        )

    def fit(self, data: Dataset, progress: Progress) -> "Boosted":
        from analytics.forecasting.boosted import NothingToLearn, fit

        if not (data.hold.came > 0).any():
            raise CannotTrain("No SIM used anything in the 30 days held back, so a model could not be judged.")
        try:
            return fit(data.learn.values, data.learn.weekdays, ignored=data.learn.ignored)
        except NothingToLearn as error:
            raise CannotTrain(f"Usage cannot be learned from this history. {error}") from error

    def score(self, model: "Boosted", data: Dataset) -> dict[str, float]:
        from analytics.forecasting.boosted import predict

        days: Days = data.hold
        remaining = np.full(days.values.shape[1], HELD_DAYS, np.int64)
        ahead = predict(model, days.values, days.weekdays, remaining=remaining, ignored=days.ignored)
        low, middle, high = ahead.rest.astype(np.float64)
        judged = np.isfinite(days.came) & (days.came > 0)
        came, said = days.came[judged], middle[judged]
        inside = (low[judged] <= came) & (came <= high[judged])
        figures = {
            "cumulative_error": float(np.median(np.abs(said - came) / came)),
            "wape": float(np.abs(said - came).sum() / came.sum()),
            "coverage_80": float(inside.mean()),
        }
        return {name: round(value, 6) for name, value in figures.items()}

    def load(self, content: bytes) -> "Boosted":
        from analytics.forecasting.boosted import Boosted

        return Boosted.from_bytes(content)

    def features(self, model: "Boosted") -> list[str]:
        return ["the SIM's days so far: levels, weekdays, spread, drift, share of days in use, days since the last use"]

    def parameters(self, model: "Boosted") -> dict[str, Any]:
        from analytics.forecasting.boosted import PARAMETERS, ROUNDS

        return {**PARAMETERS, "rounds": ROUNDS, "horizon": model.horizon, "examples": model.rows}
