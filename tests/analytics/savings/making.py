"""Small fleets with forecasts, and a night of savings over them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from analytics.models import Recommendation, SimForecast
from analytics.nightly.history import read_history
from analytics.nightly.savings import make_advice
from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start, next_cycle_start
from sims.models import Sim
from tests.fleet import make_sim

MB = 10**6
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def foresee(sim: Sim, low: float, middle: float, high: float, **fields: Any) -> SimForecast:
    """A forecast of so many megabytes in a month (10, 50, 90 %), the same for the cycle."""
    today = datetime.now(UTC).date()
    day = sim.plan.billing_day if sim.plan else 1
    month = {
        f"{span}_{name}_bytes": int(mb * MB)
        for span in ("month", "cycle")
        for name, mb in (("p10", low), ("p50", middle), ("p90", high))
    }
    values = {
        "as_of": datetime.now(UTC), "first_day": today, "cycle_start_date": cycle_start(today, day),
        "cycle_end_date": next_cycle_start(today, day) - timedelta(days=1), "used_bytes": 0, "history_days": 90,
        "model": "test", "version": "1", **month, **fields,
        **{f"days_p{level}": [month[f"month_p{level}_bytes"] / 30] * 31 for level in (10, 50, 90)},
    }  # fmt: skip
    with tenant(sim.organization_id):
        return SimForecast.objects.create(organization_id=sim.organization_id, sim_id=sim.pk, **values)


def make_used(organisation: Organization, low: float, middle: float, high: float, **fields: Any) -> Sim:
    """A SIM with a forecast; seen today, so that it is not idle."""
    history = fields.pop("history_days", 90)
    sim = make_sim(organisation, **{"activated_at": LONG_AGO, "last_seen_at": datetime.now(UTC), **fields})
    foresee(sim, low, middle, high, history_days=history)
    return sim


def night(organisation: Organization, *, until: date | None = None) -> str:
    """What a night says."""
    return make_advice(read_history(organisation.pk, until=until))


def advice(organisation: Organization, **wanted: Any) -> list[Recommendation]:
    with tenant(organisation.pk, read_only=True):
        rows = Recommendation.objects.filter(organization_id=organisation.pk, **wanted)
        return list(rows.order_by("-saving_cents", "pk"))
