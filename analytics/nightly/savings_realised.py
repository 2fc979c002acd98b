"""What applied advice has saved: each whole 30 days of usage since, priced by the former plan and by the present one.

Only while the SIM is still on the plan that it was given: what people do afterwards is not the advice's doing.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.prices import Tariff
from analytics.models import Recommendation
from analytics.models.savings import AdviceKind, AdviceState
from analytics.nightly.savings_facts import tariff_of
from sims.models import Plan, Sim

if TYPE_CHECKING:
    from analytics.nightly.history import History

WINDOW: Final = 30  # days


def measure(history: "History") -> int:
    """Add what has become known since. Inside the tenant's transaction. Answers how many applied ones grew."""
    rows = list(
        Recommendation.objects.filter(organization_id=history.organization_id, state=AdviceState.APPLIED).order_by("pk")
    )
    due = [one for one in rows if _until(one, history) + timedelta(days=WINDOW) <= history.last_day]
    if not due:
        return 0
    meter = Meter(history, due)
    grown = [one for one in due if meter.add(one)]
    fields = ["realised_cents", "realised_cycles", "realised_until"]
    Recommendation.objects.bulk_update(grown, fields, batch_size=2_000)
    return len(grown)


def _until(one: Recommendation, history: "History") -> date:
    """The last day that is measured already: at first the day on which it was applied."""
    if one.realised_until is not None:
        return one.realised_until
    if one.decided_at is None:
        return history.last_day
    return max(one.decided_at.astimezone(history.zone).date(), history.first_day - timedelta(days=1))


class Meter:
    """Usage of the SIMs concerned and the plans' prices, as they stand in this night."""

    def __init__(self, history: "History", due: list[Recommendation]) -> None:
        self.history = history
        plans = Plan.objects.filter(organization_id=history.organization_id)
        self.tariffs = {plan.pk: tariff_of(plan) for plan in plans}
        self.sims = {sim for one in due for sim in (one.sim_id, *one.moved_sims) if sim}
        pools = {one.from_plan_id for one in due if one.kind == AdviceKind.RESIZE_POOL}
        mine = Sim.objects.filter(organization_id=history.organization_id)
        fields = ("pk", "plan_id", "customer_id", "status")
        found = [*mine.filter(pk__in=self.sims).values_list(*fields), *mine.filter(plan__in=pools).values_list(*fields)]
        self.now = {pk: (plan_id, customer_id or 0, status) for pk, plan_id, customer_id, status in found}
        self.place = {sim: n for n, sim in enumerate(history.sim_ids.tolist()) if sim in self.now}

    def add(self, one: Recommendation) -> bool:
        """Add every whole window since the last one to the row; whether there was any that could be measured."""
        start, grown = _until(one, self.history), False
        while start + timedelta(days=WINDOW) <= self.history.last_day:
            saved = self._saved(one, start)
            if saved is None:
                return grown
            one.realised_cents += round(saved)
            one.realised_cycles += 1
            start += timedelta(days=WINDOW)
            one.realised_until, grown = start, True
        return grown

    def _saved(self, one: Recommendation, after: date) -> float | None:
        old = self.tariffs.get(one.from_plan_id)
        if old is None:
            return None
        match one.kind:
            case AdviceKind.RETIRE_IDLE:
                return old.price if self.now.get(one.sim_id, (0, 0, ""))[2] == "retired" else None
            case AdviceKind.RESIZE_POOL:
                return self._of_pool(one, old, after)
        new = self.tariffs.get(one.to_plan_id)
        if new is None or self.now.get(one.sim_id, (0, 0, ""))[0] != new.id:
            return None
        used = self._used([one.sim_id], after)
        before = one.quota_before_bytes if one.kind == AdviceKind.RAISE_QUOTA else None
        return float((old.at(used, before) - new.at(used)).sum())

    def _of_pool(self, one: Recommendation, old: Tariff, after: date) -> float | None:
        """The pool with all of its SIMs as it was, against those that stayed and what the others pay now."""
        goes = dict(zip(one.moved_sims, one.moved_plans, strict=True))
        if any(self.now.get(sim, (0, 0, ""))[0] != plan or plan not in self.tariffs for sim, plan in goes.items()):
            return None
        stay = [sim for sim, (plan, customer, _) in self.now.items() if (plan, customer) == (old.id, one.customer_id)]
        together, left = self._used([*stay, *goes], after), self._used(stay, after)
        before = _pool(old, together)
        alone = sum(float(self.tariffs[plan].at(self._used([sim], after))[0]) for sim, plan in goes.items())
        return before - _pool(old, left) - alone

    def _used(self, sims: list[int], after: date) -> NDArray[np.float64]:
        first = (after - self.history.first_day).days + 1
        columns = [self.place[sim] for sim in sims if sim in self.place]
        used = np.zeros(len(sims))
        if columns:
            window = self.history.bytes[first : first + WINDOW, columns]
            used[: len(columns)] = np.nansum(window.astype(np.float64), axis=0)
        return used


def _pool(tariff: Tariff, used: NDArray[np.float64]) -> float:
    """Cents of SIMs that share their quotas, for so many bytes each."""
    if not used.size:
        return 0.0
    shared = Tariff(tariff.id, tariff.price * used.size, tariff.quota * used.size, tariff.overage, tariff.currency)
    return float(shared.at(used.sum(keepdims=True))[0])
