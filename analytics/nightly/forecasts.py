"""The night's forecasts of every SIM in use, and of the customers, pools and the fleet (see groups.py).

The arrays are forecast by `analytics.forecasting`, moved on from the last whole day to the as-of by `analytics.ahead`,
so that the night and a record that arrives later say the same, and written block by block, each in one transaction.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from analytics.ahead.clock import position
from analytics.ahead.moving import Now, moved
from analytics.forecasting.fleet import forecast_fleet
from analytics.forecasting.shapes import CLASSES
from analytics.models.forecasts import HORIZON_DAYS
from analytics.nightly.anomalies import ignored_days
from analytics.nightly.facts import Facts, read_facts
from analytics.nightly.forecast_rows import Columns, forget_everything, forget_others, write_sims
from analytics.nightly.groups import forecast_groups
from analytics.nightly.sharper import sharpen
from analytics.nightly.standing import Cycle, base_of, columns_of, cycles_of, days_since, passed_at, used_before
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from analytics.forecasting.shapes import Forecasts
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob

BLOCK: Final = 8_192  # SIMs written at once

Floats = NDArray[np.float64]


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """Forecast and write everything. Answers what was found, as a sentence; empty for nothing to say."""
    facts = read_facts(history)
    if not facts.ids.size:
        forget_everything(history.organization_id)
        return ""
    risky = _forecast_sims(history, facts, job)
    forget_others(history.organization_id, facts.ids)
    groups = forecast_groups(history, facts)
    ends = "before its cycle ends" if risky == 1 else "before their cycles end"
    return f"Forecasts for {counted(facts.ids.size, 'SIM')} and {counted(groups, 'group')}: " + (
        f"{counted(risky, 'SIM')} will pass the quota {ends}." if risky else "no SIM will pass its quota in its cycle."
    )


def _forecast_sims(history: "History", facts: Facts, job: "RunningJob") -> int:
    """Forecast all SIMs, write them block by block. Answers how many will pass their quota."""
    first_day = history.last_day + timedelta(days=1)
    cycles = cycles_of(facts.billing_day, first_day)
    used = used_before(history.bytes[:, facts.column], cycles.first - days_since(history.first_day))
    remaining = cycles.last - days_since(first_day) + 1
    values, ignored = history.bytes, ignored_days(history.organization_id, history)
    if not facts.is_all:
        values, ignored = np.ascontiguousarray(values[:, facts.column]), ignored[:, facts.column]
    allowance = facts.quota - used
    made = forecast_fleet(
        values,
        history.weekdays,
        horizon=HORIZON_DAYS,
        remaining=remaining,
        allowance=allowance,
        cohorts=facts.plan_id,
        ignored=ignored,
    )
    sharp = sharpen(
        history.organization_id, made, values, history.weekdays, remaining=remaining, allowance=allowance,
        ignored=ignored,
    )  # fmt: skip
    over_since = passed_at(history.bytes, facts.column, cycles.first - days_since(history.first_day), facts.quota, used)
    risky = 0
    for start in range(0, facts.ids.size, BLOCK):
        part = slice(start, min(start + BLOCK, facts.ids.size))
        columns = _columns(history, facts, cycles, made, used, over_since, part, sharp)
        risky += int((~np.isnan(columns.exhausts)).sum())
        write_sims(history.organization_id, facts.ids[part], columns, _classes(made, part))
        job.progress(done=part.stop, total=facts.ids.size, note="Forecasts")
    return risky


def _classes(made: "Forecasts", part: slice) -> tuple[NDArray[np.uint8], Sequence[str]]:
    return made.device_class[part], CLASSES


def _columns(
    history: "History",
    facts: Facts,
    cycles: Cycle,
    made: "Forecasts",
    used: Floats,
    over_since: Floats,
    part: slice,
    sharp: tuple[NDArray[np.bool_], str],
) -> Columns:
    """The rows of a block of SIMs, as they stand at the as-of."""
    first_day = history.last_day + timedelta(days=1)
    as_of = history.as_of or timezone.now()
    end = (cycles.last[part] - days_since(first_day) + 1).astype(np.float64)
    before = base_of(made, part, end=end, used=used[part], quota=facts.quota[part], exhausts=over_since[part])
    now = Now(
        at=np.minimum(np.full(len(end), position(as_of, first_day, history.zone)), end),
        end=end,
        used=facts.used[part],
        quota=facts.quota[part],
        same_cycle=np.ones(len(end), np.bool_),
    )
    standing = moved(before, now)
    return columns_of(made, part, standing, now, before, first_day=first_day, cycles=cycles, as_of=as_of, sharp=sharp)
