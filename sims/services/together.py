"""What several SIMs used together."""

from typing import Final

from django.db.models import Sum

from iotsim.core.actor import Actor
from iotsim.core.parameters import Day, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, size
from sims.examples import EXAMPLES
from sims.models import Sim, UsageDaily
from sims.naming import find_sims_named
from sims.parameters import SimRefs
from sims.periods import period_of
from sims.schemas.together import SimUsage, UsageOfSims
from sims.usage import local_today

CHUNK: Final = 10_000


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="usage/of-sims",
    examples=EXAMPLES["get_usage_of_sims"],
    title="Usage of several SIMs",
)
def get_usage_of_sims(
    actor: Actor, *, sims: SimRefs, start_date: Day | None = None, end_date: Day | None = None, limit: Limit = 50
) -> UsageOfSims:
    """Add up what several SIMs used over a period, and show the heaviest; without a period, the last 30 days."""
    found = find_sims_named(actor, sims)
    start, end = period_of(local_today(actor), start_date, end_date)
    sums = _sums([sim.pk for sim in found], start, end)
    rows = [_row(sim, *sums.get(sim.pk, (0, 0))) for sim in found]
    rows.sort(key=lambda one: (-one.usage_bytes, one.iccid))
    total = sum(one.usage_bytes for one in rows)
    silent = sum(not one.usage_bytes for one in rows)
    when = f"from {start:%-d %b %Y} to {end:%-d %b %Y}"
    heaviest = f" The heaviest is {_name(rows[0])} with {size(rows[0].usage_bytes)}." if total and len(rows) > 1 else ""
    none = f" {counted(silent, 'SIM')} used nothing." if silent and total else ""
    used = size(total) if total else "nothing"
    return UsageOfSims(
        sentence=f"{counted(len(rows), 'SIM')} used {used} {when}.{heaviest}{none}",
        start_date=start,
        end_date=end,
        sims=len(rows),
        silent=silent,
        total_bytes=total,
        items=rows[:limit],
        total=len(rows),
        as_of=max((sim.cycle_as_of for sim in found if sim.cycle_as_of), default=None),
    )


def _sums(ids: list[int], start: object, end: object) -> dict[int, tuple[int, int]]:
    """Bytes and sessions of each SIM."""
    sums: dict[int, tuple[int, int]] = {}
    for first in range(0, len(ids), CHUNK):
        rows = UsageDaily.objects.filter(sim_id__in=ids[first : first + CHUNK], day__range=(start, end))
        grouped = rows.values("sim_id").annotate(up=Sum("bytes_up"), down=Sum("bytes_down"), times=Sum("sessions"))
        sums |= {row["sim_id"]: (row["up"] + row["down"], row["times"]) for row in grouped}
    return sums


def _row(sim: Sim, used: int, sessions: int) -> SimUsage:
    return SimUsage(iccid=sim.iccid, label=sim.label, status=sim.status, usage_bytes=used, sessions=sessions)


def _name(row: SimUsage) -> str:
    return row.label or f"...{row.iccid[-4:]}"
