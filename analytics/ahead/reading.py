"""The forecast of a subject as it stands: kept by the night and brought up to date, or else made of its own days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from analytics.ahead.clock import end_position, position
from analytics.ahead.moving import grown, growth_of, spread
from analytics.ahead.series import Series, days_read, series_of
from analytics.ahead.standing import CALENDAR, standing_of
from analytics.ahead.stored import Outlook, Standing, cycle_on, outlooks
from analytics.charts.sums import known_until
from analytics.models import GroupForecast, SimForecast
from analytics.models.forecasts import HORIZON_DAYS
from analytics.nightly.standing import MODEL, VERSION
from sims.usage import local_today

if TYPE_CHECKING:
    from analytics.ahead.stored import Kept
    from analytics.ahead.subjects import Subject
    from iotsim.core.actor import Actor
    from sims.schemas.fleet import UsageDay

PAST_DAYS: Final = 60  # shown beside what lies ahead
STALE_DAYS: Final = 14  # after so many nights without a run, a kept forecast is worth less than one made now
WEEK: Final = 7


@dataclass(frozen=True)
class Day:
    """What is expected of one day, in bytes: 10, 50 and 90 %."""

    day: date
    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Ahead:
    """A forecast as it stands now."""

    subject: "Subject"
    kept: "Kept"
    outlook: Outlook
    sims: int
    past: "list[UsageDay]"
    zone: ZoneInfo

    def path(self) -> list[Day]:
        """The cycle added up, at the end of each day from the as-of to the cycle's last: 10, 50 and 90 %."""
        growth = growth_of(np.array([self.kept.days_p50]))
        first_day, end = self.kept.first_day, self.outlook.end
        start = max(self.outlook.as_of.astimezone(self.zone).date(), self.outlook.start)
        at = max(position(self.outlook.as_of, first_day, self.zone), float((start - first_day).days))
        ends = np.array([end_position(start + timedelta(days=n), first_day) for n in range((end - start).days + 1)])
        rows = np.repeat(growth, len(ends) + 1, axis=0)
        reached = grown(rows, np.concatenate([[at], ends]))
        whole = reached[-1] - reached[0]
        share = (reached[1:] - reached[0]) / whole if whole > 0 else np.ones(len(ends))
        used = self.outlook.used
        rest = np.array([[one - used] for one in self.outlook.cycle], np.float64)
        sums = np.maximum.accumulate(used + spread(rest, share), axis=1)
        return [Day(start + timedelta(days=n), *(round(float(one)) for one in three)) for n, three in enumerate(sums.T)]

    def days(self, start: date, count: int) -> list[Day]:
        """The curve's days from `start` on; beyond its end it goes on as in its last week."""
        curves = [_from(curve, (start - self.kept.first_day).days, count) for curve in _curves(self.kept)]
        return [
            Day(start + timedelta(days=n), *(round(max(value, 0)) for value in three))
            for n, three in enumerate(zip(*curves, strict=True))
        ]

    def total(self, start: date, count: int) -> tuple[int, int, int]:
        """10, 50 and 90 % of the sum of so many days."""
        growth = growth_of(np.array([self.kept.days_p50]))
        month = np.array([[self.kept.month_p10_bytes], [self.kept.month_p50_bytes], [self.kept.month_p90_bytes]])
        begin = max((start - self.kept.first_day).days, 0)
        places = [np.array([float(place)]) for place in (begin, begin + count, 30)]
        low, high, whole = (grown(growth, place) for place in places)
        sums = spread(month.astype(np.float64), (high - low) / whole)
        first, middle, last = (round(float(one)) for one in sums[:, 0])
        return first, middle, last


def _curves(kept: "Kept") -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
    return kept.days_p10, kept.days_p50, kept.days_p90


def _from(curve: Sequence[float], begin: int, count: int) -> list[float]:
    """`count` values from `begin` on, the last week repeated."""
    size = len(curve)
    places = [place if place < size else size - WEEK + (place - size) % WEEK for place in range(begin, begin + count)]
    return [curve[place] if 0 <= place < size else 0.0 for place in places]


def look_ahead(actor: "Actor", subject: "Subject") -> Ahead:
    """The forecast of a subject, with the newest usage in it."""
    kept = _kept(actor, subject)
    today = local_today(actor)
    if kept is None or (today - kept.first_day).days > STALE_DAYS:
        kept = _made_now(actor, subject)
    past = days_read(actor, subject, today - timedelta(days=PAST_DAYS), today)
    now = _standing(actor, subject, today, past)
    zone = ZoneInfo(actor.time_zone)
    outlook = outlooks([kept], [now], zone)[0]
    sims = 1 if subject.sim else subject.sims.exclude(status__in=_OUT).count()
    return Ahead(subject, kept, outlook, sims, past, zone)


_OUT: Final = ("inventory", "retired")


def _kept(actor: "Actor", subject: "Subject") -> "Kept | None":
    """What the night has kept of it. Of all SIMs that a limited member may see it keeps nothing."""
    mine = {"organization_id": actor.organization_id}
    if subject.sim is not None:
        return SimForecast.objects.filter(**mine, sim_id=subject.sim.pk).first()
    if subject.scope == "some" or (subject.scope == "fleet" and actor.customer_ids is not None):
        return None
    plan_id = subject.plan.pk if subject.plan else 0
    customer_id = subject.customer.pk if subject.customer else _only_customer(subject)
    rows = GroupForecast.objects.filter(**mine, scope=subject.scope, plan_id=plan_id)
    return rows.filter(customer_id=customer_id).first()


def _only_customer(subject: "Subject") -> int:
    """The customer of a pool that was named by its plan alone."""
    if subject.scope != "pool":
        return 0
    return subject.sims.exclude(status__in=_OUT).values_list("customer_id", flat=True).first() or 0


def _standing(actor: "Actor", subject: "Subject", today: date, past: "Sequence[UsageDay]") -> Standing:
    """`past` are the subject's days, those of its calendar month among them."""
    if subject.sim is not None:
        return standing_of(subject.sim, today)
    quota, start, end = _terms(subject, today)
    if subject.pool is not None:
        return Standing(subject.pool.used_bytes, quota, start, end, subject.pool.as_of)
    used = sum(one.bytes_total for one in past if start <= one.day <= today)
    return Standing(used, quota, start, end, known_until(subject.sims))


def _terms(subject: "Subject", today: date) -> tuple[int | None, date, date]:
    """The subject's quota and the first and last day of the cycle it counts for."""
    if subject.sim is not None:
        now = standing_of(subject.sim, today)
        return now.quota, now.start, now.end
    if subject.pool is not None and subject.plan is not None:
        return subject.pool.quota_bytes or None, *cycle_on(today, subject.plan.billing_day)
    return None, *cycle_on(today, CALENDAR)


def _made_now(actor: "Actor", subject: "Subject") -> "Kept":
    """A forecast of the subject's own days, as the night would make it, kept nowhere."""
    from analytics.forecasting.fleet import forecast_fleet

    series = series_of(actor, subject)
    first_day = series.last_day + timedelta(days=1)
    quota, start, end = _terms(subject, first_day)
    used = _used_before(series, start)
    left = np.array([np.nan if quota is None else quota - used])
    remaining = np.array([int(end_position(end, first_day))])
    made = forecast_fleet(
        series.values[:, None], series.weekdays, horizon=HORIZON_DAYS, remaining=remaining, allowance=left
    )
    curves = [[float(value) for value in made.curve[level, :, 0]] for level in range(3)]
    rest, month = made.rest[:, 0].astype(float), made.month[:, 0].astype(float)
    midnight = datetime.combine(first_day, datetime.min.time(), ZoneInfo(actor.time_zone))
    row = GroupForecast(
        organization_id=actor.organization_id, scope=subject.scope, sims=1, as_of=midnight, first_day=first_day,
        cycle_start_date=start, cycle_end_date=end, used_bytes=used, quota_bytes=quota,
        history_days=int(made.history_days[0]), is_prior=bool(made.is_prior[0]), model=MODEL, version=VERSION,
        exhausts_probability=None if quota is None else float(made.probability[0]),
    )  # fmt: skip
    row.cycle_p10_bytes, row.cycle_p50_bytes, row.cycle_p90_bytes = (used + round(one) for one in rest)
    row.month_p10_bytes, row.month_p50_bytes, row.month_p90_bytes = (round(one) for one in month)
    row.days_p10, row.days_p50, row.days_p90 = curves
    return row


def _used_before(series: Series, start: date) -> int:
    begin = max((start - series.first_day).days, 0)
    return int(np.nansum(series.values[begin:], dtype=np.float64)) if begin < len(series.values) else 0


def first_open_day(actor: "Actor", ahead: Ahead) -> date:
    """The first day that was not over at the as-of."""
    return min(ahead.outlook.as_of, datetime.now(UTC)).astimezone(ahead.zone).date()
