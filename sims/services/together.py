"""What SIMs used together: several by name, those that fit a filter, or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.db.models import Max

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.parameters import Country, Day, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, size
from sims.examples import EXAMPLES
from sims.filters import SimFilter
from sims.lifecycle import AT_REST
from sims.models import Sim
from sims.naming import find_sims_named
from sims.parameters import CustomerName, OperatorName, PlanName, SimRefs, TagName
from sims.periods import period_of
from sims.schemas.together import SimUsage, UsageOfSims
from sims.usage import local_today

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

# One pass over the days, however large the fleet is: in their order, where it is about all SIMs ($AMONG is empty).
SUMS: Final = """
WITH mine AS MATERIALIZED ($SIMS),
used AS MATERIALIZED (
    SELECT sim_id, sum(bytes_up + bytes_down) AS bytes, sum(sessions) AS sessions
    FROM sims_usagedaily
    WHERE organization_id = %s AND day BETWEEN %s AND %s $AMONG
    GROUP BY sim_id HAVING sum(bytes_up + bytes_down) > 0
),
heaviest AS (SELECT sim_id, bytes, sessions FROM used ORDER BY bytes DESC, sim_id LIMIT %s)
SELECT (SELECT coalesce(sum(bytes), 0) FROM used),
       (SELECT count(*) FROM used),
       (SELECT count(*) FROM mine WHERE NOT status = ANY(%s) AND id NOT IN (SELECT sim_id FROM used)),
       (SELECT coalesce(json_agg(json_build_array(sim_id, bytes, sessions) ORDER BY bytes DESC, sim_id), '[]')
        FROM heaviest)
"""


@dataclass(frozen=True)
class _Sums:
    """Bytes together, how many SIMs used something, how many nothing, and of the most: SIM's id, bytes, sessions."""

    total: int
    users: int
    silent: int
    heaviest: list[tuple[int, int, int]]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="usage/of-sims",
    examples=EXAMPLES["get_usage_of_sims"],
    title="Usage of SIMs",
)
def get_usage_of_sims(
    actor: Actor,
    *,
    sims: SimRefs | None = None,
    customer: CustomerName | None = None,
    plan: PlanName | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    tag: TagName | None = None,
    start_date: Day | None = None,
    end_date: Day | None = None,
    limit: Limit = 50,
) -> UsageOfSims:
    """Say how much data SIMs used over a period, and show the heaviest; without a period, the last 30 days.

    Those that are named, or all of a customer, plan, operator, country or tag as it is now; without any, the fleet.
    """
    wanted = SimFilter(operator=operator, country=country, plan=plan, tag=tag, customer=customer)
    if sims and not wanted.is_empty:
        raise Invalid("Name the SIMs or say which customer, plan, network, country or tag, not both.", field="sims")
    start, end = period_of(local_today(actor), start_date, end_date)
    rows = _named(actor, sims) if sims else wanted.rows(actor)
    everything = not sims and wanted.is_empty and actor.customer_ids is None
    among = "" if everything else "AND sim_id IN (SELECT id FROM mine)"
    expected = rows if sims else rows.exclude(status__in=AT_REST)
    sums = _sums(actor, rows, among, (start, end), limit, () if sims else AT_REST)
    items = _items(rows, expected, sums, limit)
    total = sums.users + sums.silent
    return UsageOfSims(
        sentence=_sentence(wanted.words(), total, sums, start, end),
        start_date=start,
        end_date=end,
        sims=total,
        silent=sums.silent,
        total_bytes=sums.total,
        items=items,
        total=total,
        as_of=rows.aggregate(at=Max("cycle_as_of"))["at"],
    )


def _named(actor: Actor, names: list[str]) -> "SimQuerySet":
    return Sim.objects.for_actor(actor).filter(pk__in=[sim.pk for sim in find_sims_named(actor, names)])


def _sums(
    actor: Actor, rows: "SimQuerySet", among: str, days: tuple[date, date], limit: int, at_rest: Sequence[str]
) -> _Sums:
    chosen, given = rows.order_by().values("id", "status").query.sql_with_params()
    values: list[Any] = [*given, actor.organization_id, *days, limit, list(at_rest)]
    with connection.cursor() as cursor:
        cursor.execute(SUMS.replace("$SIMS", chosen).replace("$AMONG", among), values)
        total, users, silent, heaviest = cursor.fetchone()
    return _Sums(int(total), users, silent, [(sim, used, sessions) for sim, used, sessions in heaviest])


def _items(rows: "SimQuerySet", expected: "SimQuerySet", sums: _Sums, limit: int) -> list[SimUsage]:
    """The heaviest first, then those that used nothing, as many as may be shown."""
    known = rows.in_bulk([sim for sim, _, _ in sums.heaviest])
    found = [_row(known[sim], used, sessions) for sim, used, sessions in sums.heaviest if sim in known]
    if len(found) == limit or not sums.silent:
        return found
    others = expected.exclude(pk__in=list(known)).order_by("iccid")
    return found + [_row(sim, 0, 0) for sim in others[: limit - len(found)]]


def _row(sim: Sim, used: int, sessions: int) -> SimUsage:
    return SimUsage(iccid=sim.iccid, label=sim.label, status=sim.status, usage_bytes=used, sessions=sessions)


def _sentence(which: str, total: int, sums: _Sums, start: date, end: date) -> str:
    of_which = f" {which}" if which else ""
    if not total:
        return f"There are no SIMs{of_which} that could have used anything."
    when = f"on {start:%-d %b %Y}" if start == end else f"from {start:%-d %b %Y} to {end:%-d %b %Y}"
    used = size(sums.total) if sums.total else "nothing"
    none = f" {counted(sums.silent, 'SIM')} used nothing." if sums.silent and sums.total else ""
    return f"{counted(total, 'SIM')}{of_which} used {used} {when}.{none}"
