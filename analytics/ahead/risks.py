"""SIMs that may pass their quota: found by what is kept, shown as it stands now."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from analytics.ahead.standing import standing_of
from analytics.ahead.stored import Outlook, outlooks
from analytics.models import SimForecast
from analytics.schemas.forecasts import QuotaRisk
from iotsim.core.errors import Invalid
from sims.lifecycle import Status
from sims.models import Sim

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from iotsim.core.actor import Actor
    from sims.models.fleet import SimQuerySet

USING: Final = (Status.TEST_READY, Status.ACTIVE)  # the others use nothing


@dataclass(frozen=True)
class Page:
    """Rows of a list of risks with what follows them, and how many fit in all."""

    items: list[QuotaRisk]
    total: int
    over: int
    following: str | None


@dataclass(frozen=True)
class Wanted:
    """Which of them: how likely at least, running out when at the latest, over the quota already or not yet."""

    least: float
    before: date | None = None
    is_over: bool | None = None


def risks(
    actor: "Actor", sims: "SimQuerySet", wanted: Wanted, *, order: str, cursor: str | None, limit: int, most: int
) -> Page:
    """Those of `sims` that may pass their quota; they are counted up to `most`."""
    rows = _fitting(actor, sims, wanted)
    total = rows[: most + 1].count()
    over = rows.filter(used_bytes__gt=F("quota_bytes")).count()
    found, following = _page(rows, order, cursor, limit)
    return Page(_items(actor, found), total, over, following)


def _fitting(actor: "Actor", sims: "SimQuerySet", wanted: Wanted) -> "QuerySet[SimForecast]":
    least = max(wanted.least, 1e-4)
    rows = SimForecast.objects.filter(organization_id=actor.organization_id, exhausts_probability__gte=least)
    rows = rows.filter(sim_id__in=sims.filter(status__in=USING).order_by().values("pk"))
    if wanted.is_over is not None:
        over = Q(used_bytes__gt=F("quota_bytes"))
        rows = rows.filter(over if wanted.is_over else ~over)
    return rows.filter(exhausts_on__lte=wanted.before) if wanted.before else rows


def _page(
    rows: "QuerySet[SimForecast]", order: str, cursor: str | None, limit: int
) -> tuple[list[SimForecast], str | None]:
    """Keyset pages. Without a day a SIM comes after all that have one; equal ones go by the SIM's number."""
    rows = rows.annotate(over=F("cycle_p50_bytes") - F("quota_bytes")).defer("days_p10", "days_p90")
    value, sim_id = _read(cursor, order)
    if order == "date":
        last = date(9999, 12, 31)
        if sim_id is not None:
            at = date.fromisoformat(str(value))
            later = Q(exhausts_on__gt=at) | Q(exhausts_on=at, sim_id__gt=sim_id) | Q(exhausts_on=None)
            rows = rows.filter(Q(exhausts_on=None, sim_id__gt=sim_id) if at == last else later)
        ordered = rows.order_by(F("exhausts_on").asc(nulls_last=True), "sim_id")
    else:
        name = "exhausts_probability" if order == "probability" else "over"
        if sim_id is not None:
            rows = rows.filter(Q(**{f"{name}__lt": value}) | Q(**{name: value, "sim_id__gt": sim_id}))
        ordered = rows.order_by(f"-{name}", "sim_id")
    found: list[Any] = list(ordered[: limit + 1])
    return found[:limit], _write(order, found[limit - 1]) if len(found) > limit else None


def _write(order: str, row: SimForecast) -> str:
    values = {
        "probability": row.exhausts_probability,
        "date": (row.exhausts_on or date(9999, 12, 31)).isoformat(),
        "over": row.cycle_p50_bytes - (row.quota_bytes or 0),
    }
    return base64.urlsafe_b64encode(json.dumps([order, values[order], row.sim_id]).encode()).decode().rstrip("=")


def _read(cursor: str | None, order: str) -> tuple[Any, int | None]:
    if not cursor:
        return None, None
    wrong = Invalid("The cursor is not one of this list; start without it.", field="cursor")
    try:
        made_for, value, sim_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if made_for != order or not isinstance(sim_id, int) or abs(sim_id) >= 2**63:
            raise wrong
        if order == "date":
            date.fromisoformat(value)
        elif not isinstance(value, float if order == "probability" else int) or abs(value) >= 2**63:
            raise wrong
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise wrong from error
    return value, sim_id


def _items(actor: "Actor", rows: list[SimForecast]) -> list[QuotaRisk]:
    """The rows as they stand now, each with its SIM; those of which nothing is left to run out are gone."""
    linked = Sim.objects.for_actor(actor).select_related("plan", "customer")
    sims = linked.in_bulk([row.sim_id for row in rows])
    zone = ZoneInfo(actor.time_zone)
    today = datetime.now(UTC).astimezone(zone).date()
    rows = [row for row in rows if row.sim_id in sims]
    now = [standing_of(sims[row.sim_id], today) for row in rows]
    found = outlooks(rows, now, zone)
    return [_item(sims[row.sim_id], row, one) for row, one in zip(rows, found, strict=True) if one.quota is not None]


def _item(sim: Sim, row: SimForecast, one: Outlook) -> QuotaRisk:
    quota = one.quota or 0
    return QuotaRisk(
        iccid=sim.iccid,
        label=sim.label,
        name=sim.short_name,
        status=sim.status,
        customer=sim.customer.name if sim.customer else None,
        plan=sim.plan.name if sim.plan else None,
        used_bytes=one.used,
        quota_bytes=quota,
        cycle_end_date=one.end,
        cycle_middle_bytes=one.cycle[1],
        cycle_high_bytes=one.cycle[2],
        exhausts_on=one.exhausts_on,
        probability=one.probability or 0.0,
        is_over=one.used > quota,
        over_bytes=max(one.cycle[1] - quota, 0),
        is_prior=row.is_prior,
        as_of=one.as_of,
        link=f"/sims/{sim.iccid}/",
    )
