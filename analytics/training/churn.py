"""The model of churn: from dated snapshots of customers to whether they left in the thirty days after.

A snapshot of day t counts with the answer "left in (t, t + 30]", so one whose thirty days are not over has none. One
snapshot a week of each customer is taken; those of the last month that can be judged are held back, and nothing is
learned of the month before it, whose answers lie in that time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Max, Min
from numpy.typing import NDArray

from analytics.churn import metrics
from analytics.churn.boosting import CannotLearn, ChurnModel, fit_churn
from analytics.churn.features import FEATURES
from analytics.models import CustomerSnapshot
from analytics.models.churn import AHEAD_DAYS
from analytics.nightly.health import judge, matrix, use_champion
from analytics.nightly.leaving import left_on
from analytics.training.trainer import CannotTrain, Dataset, Need, Progress, Trainer
from iotsim.core.effects import touch
from iotsim.core.models import Organization
from iotsim.core.proposals import digest_of
from iotsim.core.tenancy import tenant

LEAST_CHURNED: Final = 50
LEAST_DAYS: Final = 180
HELD_DAYS: Final = 30
EVERY: Final = 7
QUERY: Final = "customer snapshots once a week; left in the 30 days after; v1"


@dataclass(frozen=True)
class Rows:
    """`values` (n, features), `left` (n,) 0 or 1, `customers` (n,) ids."""

    values: NDArray[np.float64]
    left: NDArray[np.float64]
    customers: NDArray[np.int64]


class ChurnTrainer(Trainer[ChurnModel]):
    name = "churn"
    title = "Churn"
    about = "How likely each customer is to leave within 30 days, with the reasons."
    metric = "auc"
    higher_is_better = True

    def needs(self, organization_id: int) -> list[Need]:
        left = left_on(organization_id, _zone(organization_id))
        rows = CustomerSnapshot.objects.filter(organization_id=organization_id)
        span = rows.aggregate(first=Min("day"), last=Max("day"))
        days = (span["last"] - span["first"]).days + 1 if span["first"] else 0
        seen = set(rows.filter(customer_id__in=left).values_list("customer_id", flat=True).distinct())
        return [
            Need("churned customers", len(seen), LEAST_CHURNED),
            Need("days of snapshots", days, LEAST_DAYS),
        ]

    def snapshot(self, organization_id: int) -> Dataset:
        with tenant(organization_id, read_only=True):
            left = left_on(organization_id, _zone(organization_id))
            rows = list(
                CustomerSnapshot.objects.filter(organization_id=organization_id)
                .order_by("day", "customer_id")
                .values_list("customer_id", "day", "features")
            )
        if not rows:
            raise CannotTrain("There are no snapshots of customers yet: the first is made in the coming night.")
        judged = rows[-1][1] - timedelta(days=AHEAD_DAYS)
        days = _a_week_apart({row[1] for row in rows if row[1] <= judged})
        weekly = [row for row in rows if row[1] in days]
        held_from = judged - timedelta(days=HELD_DAYS - 1)
        learn = _rows(weekly, left, lambda day: day + timedelta(days=AHEAD_DAYS) < held_from)
        hold = _rows(weekly, left, lambda day: day >= held_from)
        return Dataset(
            id=digest_of([QUERY, [(pk, day.isoformat()) for pk, day, _ in weekly], list(FEATURES)]),
            first_day=weekly[0][1] if weekly else judged,
            last_day=judged,
            held_from=held_from,
            rows=len(learn.left) + len(hold.left),
            learn=learn,
            hold=hold,
            facts={
                "customers": len(np.unique(np.concatenate([learn.customers, hold.customers]))),
                "churned": len(np.unique(np.concatenate([one.customers[one.left > 0] for one in (learn, hold)]))),
                "learned_rows": len(learn.left),
                "held_rows": len(hold.left),
            },
        )

    def fit(self, data: Dataset, progress: Progress) -> ChurnModel:
        learn: Rows = data.learn
        held = int(data.hold.left.sum())
        if not held or held == len(data.hold.left):
            raise CannotTrain(
                f"Of the {len(data.hold.left):,} snapshots since {data.held_from:%d %b %Y}, which are held back to "
                f"judge by, {'all' if held else 'none'} were of customers who left: a model could not be judged."
            )
        try:
            return fit_churn(learn.values, learn.left, FEATURES, groups=learn.customers, progress=progress)
        except CannotLearn as error:
            raise CannotTrain(f"Churn cannot be learned from these snapshots. {error}") from error

    def score(self, model: ChurnModel, data: Dataset) -> dict[str, float]:
        return metrics.summary(data.hold.left, model.predict(_known_to(model, data.hold)))

    def charts(self, model: ChurnModel, data: Dataset) -> dict[str, Any]:
        steps = metrics.lift_chart(data.hold.left, model.predict(_known_to(model, data.hold)))
        return {"lift": [{"share": one.share, "found": one.found, "lift": round(one.lift, 3),
                          "captured": round(one.captured, 4)} for one in steps]}  # fmt: skip

    def load(self, content: bytes) -> ChurnModel:
        return ChurnModel.from_bytes(content)

    def features(self, model: ChurnModel) -> list[str]:
        return list(model.features)

    def parameters(self, model: ChurnModel) -> dict[str, Any]:
        return dict(model.parameters)

    def apply(self, organization_id: int) -> None:
        """Judge the newest snapshots by what is champion now, so that no page waits for the night."""
        model, _ = use_champion(organization_id)
        with tenant(organization_id):
            rows = CustomerSnapshot.objects.filter(organization_id=organization_id)
            newest = rows.aggregate(day=Max("day"))["day"]
            found = list(rows.filter(day=newest))
            if found:
                judge(found, model)
                CustomerSnapshot.objects.bulk_update(found, ["probability", "risk_reasons", "model_version", "risk"])
            touch("customer", [])


def _zone(organization_id: int) -> ZoneInfo:
    return ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))


def _a_week_apart(days: set[date]) -> set[date]:
    """Of these days the newest, and going back from it each that is a week or more before the one taken last."""
    taken: list[date] = []
    for day in sorted(days, reverse=True):
        if not taken or (taken[-1] - day).days >= EVERY:
            taken.append(day)
    return set(taken)


def _rows(
    weekly: list[tuple[int, date, dict[str, Any]]], left: dict[int, date], wanted: Callable[[date], bool]
) -> Rows:
    chosen = [row for row in weekly if wanted(row[1])]
    ahead = timedelta(days=AHEAD_DAYS)
    answers = [pk in left and day < left[pk] <= day + ahead for pk, day, _ in chosen]
    values = matrix([features for _, _, features in chosen], FEATURES)
    customers = np.array([pk for pk, _, _ in chosen], np.int64)
    return Rows(values, np.array(answers, float), customers)


def _known_to(model: ChurnModel, rows: Rows) -> NDArray[np.float64]:
    """The columns as an older version knew them; what it knew and is no more is unknown."""
    places = {name: place for place, name in enumerate(FEATURES)}
    unknown = np.full(len(rows.left), np.nan)
    return np.stack([rows.values[:, places[one]] if one in places else unknown for one in model.features], axis=1)
