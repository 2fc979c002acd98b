"""The night's look at customers: a dated snapshot of each, its health by rules, and the champion's risk."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics.churn.features import FEATURES, customer_features
from analytics.churn.reasons import Reason, reasons_of
from analytics.churn.rules import health_of
from analytics.models import CustomerSnapshot
from analytics.nightly.customers import Fleet, fleet_on, read_fleet
from analytics.nightly.leaving import left_on
from analytics.training.keeping import BadVersion, champion
from iotsim.core.effects import touch
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.churn.boosting import ChurnModel
    from analytics.nightly.history import History
    from analytics.training.keeping import Champion
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob

BACK_EVERY: Final = timedelta(days=7)
BACK_FROM: Final = 59  # the first day of a history on which the use of two months is known
MOST_REASONS: Final = len(FEATURES)  # all of them are kept, pages show the first
WRITTEN: Final = (
    "features", "score", "reasons", "probability", "risk_reasons", "model_version", "risk", "is_backfilled",
)  # fmt: skip


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """Write the snapshots of the history's last day; on the first night also of one day a week before it."""
    organization_id = history.organization_id
    if history.as_of is None:
        return ""
    with tenant(organization_id):
        fleet = read_fleet(history)
        left = left_on(organization_id, history.zone)
        is_first = not CustomerSnapshot.objects.filter(organization_id=organization_id).exists()
    days = [*(_days_before(history) if is_first else ()), history.last_day]
    model, refused = use_champion(organization_id)
    rows: list[CustomerSnapshot] = []
    for day in days:
        rows = snapshots(fleet, day, left, model)
        with tenant(organization_id):
            write(rows)
            touch("customer", [])
    return " ".join(filter(None, [_sentence(rows), refused]))


def _days_before(history: "History") -> list[date]:
    earliest = history.first_day + timedelta(days=BACK_FROM)
    weeks = range((history.last_day - earliest) // BACK_EVERY, 0, -1)
    return [history.last_day - week * BACK_EVERY for week in weeks]


def use_champion(organization_id: int) -> "tuple[Champion[ChurnModel] | None, str]":
    """The champion of churn, if there is one; else why the one there is cannot be used, as a sentence."""
    try:
        return champion(organization_id, "churn"), ""
    except BadVersion as error:
        return None, f"{error.sentence} Customers are judged by rules until then."


def snapshots(
    fleet: Fleet, day: date, left: dict[int, date], model: "Champion[ChurnModel] | None"
) -> list[CustomerSnapshot]:
    """The snapshots of one day, unsaved: of customers with a SIM in use that had not left."""
    known = fleet_on(fleet, day)
    values = customer_features(known)
    lasting = np.bincount(
        fleet.customer[fleet.customer >= 0],
        (known.active | known.stopped)[fleet.customer >= 0],
        minlength=len(fleet.customer_ids),
    )
    chosen = [
        place
        for place, pk in enumerate(fleet.customer_ids.tolist())
        if lasting[place] > 0 and not (pk in left and left[pk] <= day)
    ]
    rows = [_snapshot(fleet, place, day, values[place]) for place in chosen]
    if model is not None and rows:
        judge(rows, model)
    return rows


def _snapshot(fleet: Fleet, place: int, day: date, values: "NDArray[np.float64]") -> CustomerSnapshot:
    features = {
        name: round(float(value), 6) if np.isfinite(value) else None
        for name, value in zip(FEATURES, values, strict=True)
    }
    health = health_of(features)
    return CustomerSnapshot(
        organization_id=fleet.history.organization_id,
        customer_id=int(fleet.customer_ids[place]),
        day=day,
        features=features,
        score=health.score,
        reasons=kept(health.reasons),
        risk=1 - health.score / 100,
        is_backfilled=day != fleet.history.last_day,
    )


def judge(rows: list[CustomerSnapshot], model: "Champion[ChurnModel] | None") -> None:
    """Put the champion's probability and reasons on snapshots, unsaved; without one take them off."""
    if model is None:
        for row in rows:
            row.probability, row.risk_reasons, row.model_version = None, [], None
            row.risk = 1 - row.score / 100
        return
    values = matrix([row.features for row in rows], model.model.features)
    chances, parts = model.model.predict(values), model.model.contributions(values)
    for row, chance, part, value in zip(rows, chances, parts, values, strict=True):
        row.probability = row.risk = round(float(chance), 4)
        row.risk_reasons = kept(reasons_of(model.model.features, value, part, MOST_REASONS))
        row.model_version = model.version


def matrix(features: list[dict[str, Any]], names: "tuple[str, ...]") -> "NDArray[np.float64]":
    """Features as rows, NaN for what is unknown."""
    rows = [[one.get(name) for name in names] for one in features]
    return np.array([[np.nan if value is None else value for value in row] for row in rows], np.float64).reshape(
        len(rows), len(names)
    )


def kept(reasons: "tuple[Reason, ...] | list[Reason]") -> list[dict[str, Any]]:
    return [{"feature": one.feature, "words": one.words, "weight": one.weight} for one in reasons]


def write(rows: list[CustomerSnapshot]) -> None:
    """Inside the tenant's transaction; what was written of the same day is replaced."""
    CustomerSnapshot.objects.bulk_create(
        rows,
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["organization", "customer_id", "day"],
        update_fields=WRITTEN,
    )


def _sentence(rows: list[CustomerSnapshot]) -> str:
    if not rows:
        return ""
    at_risk = sum(row.score < 50 for row in rows)
    watch = sum(50 <= row.score < 75 for row in rows)
    return f"Health of {counted(len(rows), 'customer')}: {at_risk:,} at risk, {watch:,} to watch."
