"""Sums over SIMs for charts: each one statement, however large the fleet."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from django.db.models import Count, F, Max, Q, Sum

from iotsim.core.actor import Actor
from sims.filters import NEARLY_OVER, OVER_QUOTA, QUOTA
from sims.lifecycle import Status
from sims.models import Sim, UsageDaily

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet


@dataclass(frozen=True)
class Use:
    """What one SIM used, in bytes."""

    iccid: str
    label: str
    customer: str
    used_bytes: int

    @property
    def name(self) -> str:
        return self.label or f"…{self.iccid[-4:]}"


def known_until(sims: "SimQuerySet") -> datetime | None:
    """Up to when usage of these SIMs is known."""
    found: datetime | None = sims.order_by().aggregate(newest=Max("cycle_as_of"))["newest"]
    return found


def heaviest_of_cycle(sims: "SimQuerySet", top: int) -> list[Use]:
    """The heaviest SIMs, each in its current billing cycle."""
    rows = sims.filter(cycle_bytes__gt=0).order_by("-cycle_bytes", "-pk").select_related("customer")[:top]
    return [_use(sim, sim.cycle_bytes) for sim in rows]


def cycle_total(sims: "SimQuerySet") -> int:
    """Bytes of all these SIMs, each in its current billing cycle."""
    return int(sims.order_by().aggregate(total=Sum("cycle_bytes"))["total"] or 0)


def heaviest_of_period(actor: Actor, sims: "SimQuerySet", start: date, end: date, top: int) -> list[Use]:
    """The heaviest SIMs of these days."""
    rows = UsageDaily.objects.filter(
        organization_id=actor.organization_id, day__range=(start, end), sim_id__in=sims.order_by().values("pk")
    )
    sums = rows.values("sim_id").annotate(total=Sum(F("bytes_up") + F("bytes_down"))).filter(total__gt=0)
    totals = {row["sim_id"]: int(row["total"]) for row in sums.order_by("-total", "-sim_id")[:top]}
    found = Sim.objects.for_actor(actor).select_related("customer").in_bulk(list(totals))
    return [_use(found[pk], total) for pk, total in totals.items()]


def _use(sim: Sim, used: int) -> Use:
    return Use(sim.iccid, sim.label, sim.customer.name if sim.customer else "", used)


def by_status(sims: "SimQuerySet") -> dict[Status, int]:
    """How many SIMs are in each state that any is in, in the order of their life."""
    counts = dict(sims.order_by().values_list("status").annotate(count=Count("pk")))
    return {status: counts[status.value] for status in Status if counts.get(status.value)}


# The bands of a quota's use: name, which SIMs, and what the list of SIMs calls them (empty: it has no such filter).
BANDS: Final[tuple[tuple[str, Q, str], ...]] = (
    ("Over the quota", OVER_QUOTA, "over_quota"),
    ("80 to 100 %", NEARLY_OVER, "near_quota"),
    *(
        (
            f"{low} to {low + 20} %" if low else "Under 20 %",
            Q(quota__gt=0, cycle_bytes__gt=0, cycle_bytes__gte=F("quota") * low / 100)
            & Q(cycle_bytes__lt=F("quota") * (low + 20) / 100),
            "",
        )
        for low in (60, 40, 20, 0)
    ),
    ("Unused", Q(quota__gt=0, cycle_bytes=0), ""),
)


def by_quota_band(sims: "SimQuerySet") -> tuple[list[int], int]:
    """How many SIMs are in each band of `BANDS`, and how many have no quota."""
    counts = {f"band_{place}": Count("pk", filter=fits) for place, (_, fits, _) in enumerate(BANDS)}
    unlimited = Count("pk", filter=Q(quota__isnull=True) | Q(quota=0))
    found = sims.order_by().annotate(quota=QUOTA).aggregate(**counts, unlimited=unlimited)
    return [found[f"band_{place}"] for place in range(len(BANDS))], found["unlimited"]
