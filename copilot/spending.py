"""Money for models: reserved before each call and settled after it, so that no budget is passed, however many run.

Reserving and settling of one organisation stand behind one lock, and only where it has a budget at all. Days and months
are the organisation's. A reservation whose runner died is released with its run, or when no run can last any longer.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.utils import timezone

from copilot.choice import Budgets
from copilot.models import ModelCall, ModelCallState
from iotsim.core.errors import LimitReached
from iotsim.core.models import Membership, Organization
from iotsim.core.notifications import notify, who_may
from iotsim.core.roles import Permission
from iotsim.core.tenancy import tenant

WARN_AT: Final = Decimal("0.8")
GRACE: Final = timedelta(seconds=60)  # after the longest run
DIED: Final = "The runner died before the answer came; what it cost is not known."
PAGE: Final = "/copilot/spending/"
MONEY: Final = Case(When(state=ModelCallState.RESERVED, then=F("reserved")), default=F("cost"))


class BudgetSpent(LimitReached):
    """A call that might pass a budget; the sentence says how much is left, when it renews and who can raise it."""

    kind = "budget"


@dataclass(frozen=True)
class Windows:
    """The organisation's day and month: when they began and when the next ones begin."""

    day: datetime
    month: datetime
    next_day: datetime
    next_month: datetime

    @classmethod
    def now(cls, organization_id: int) -> "Windows":
        zone = ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))
        today = timezone.now().astimezone(zone).date()
        first = today.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        return cls(*(_midnight(one, zone) for one in (today, first, today + timedelta(days=1), following)))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


@dataclass(frozen=True)
class Limit:
    """One budget and where it stands. `used` holds what is reserved, `settled` only what was really spent."""

    name: str  # of the field of the settings
    words: str
    most: Decimal
    used: Decimal
    settled: Decimal
    renews: datetime
    own: bool = False  # of one person

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.most - self.used)


def limits_of(budgets: Budgets, *, user_id: int, windows: Windows) -> list[Limit]:
    """The budgets in money that are set, each with what was used; inside the tenant's transaction."""
    mine = Q(user_id=user_id)
    spans = [
        ("budget_day", "budget for today", budgets.day, windows.day, windows.next_day, Q()),
        ("budget_month", "budget for this month", budgets.month, windows.month, windows.next_month, Q()),
        ("user_budget_day", "your budget for today", budgets.user_day, windows.day, windows.next_day, mine),
        (
            "user_budget_month",
            "your budget for this month",
            budgets.user_month,
            windows.month,
            windows.next_month,
            mine,
        ),
    ]
    done = ~Q(state=ModelCallState.RESERVED)
    sums = {}
    for name, _, _, start, _, who in spans:
        sums[name] = Sum(MONEY, filter=Q(created_at__gte=start) & who)
        sums[f"{name}_settled"] = Sum("cost", filter=Q(created_at__gte=start) & who & done)
    found = ModelCall.objects.filter(created_at__gte=min(windows.month, windows.day)).aggregate(**sums)
    return [
        Limit(name, words, most, found[name] or Decimal(0), found[f"{name}_settled"] or Decimal(0), renews, who == mine)
        for name, words, most, _, renews, who in spans
        if most is not None
    ]


def reserve(call: ModelCall, budgets: Budgets) -> None:
    """Write the row down, unless it might pass a budget. Raises BudgetSpent with a sentence for the person."""
    with tenant(call.organization_id):
        if budgets.any:
            _one_at_a_time(call.organization_id)
            _release_stale()
            _require_room(call, budgets)
        call.save()


def _require_room(call: ModelCall, budgets: Budgets) -> None:
    windows = Windows.now(call.organization_id)
    if call.reserved is None:
        _require_tokens(call, budgets, windows)
        return
    for limit in limits_of(budgets, user_id=call.user_id, windows=windows):
        if limit.used + call.reserved > limit.most:
            raise _spent(limit, call.reserved, call.organization_id)


def _require_tokens(call: ModelCall, budgets: Budgets, windows: Windows) -> None:
    """A model without a known price has a budget of tokens; without that one it is not asked where money is limited."""
    who = who_can_raise(call.organization_id)
    if budgets.unpriced is None:
        if not budgets.in_money:
            return
        raise BudgetSpent(
            f"There is a budget, and the price of {call.model} is not known, so it was not asked. Set its price "
            f"(COPILOT_PRICES), or have {who} give it a budget of tokens under Settings, Copilot.",
            retry_after=3600,
        )
    used = unpriced_tokens(windows.month)
    if used + call.input_tokens + call.output_tokens > budgets.unpriced:
        left, renews = max(0, budgets.unpriced - used), windows.next_month
        raise BudgetSpent(
            f"The month's budget of {budgets.unpriced:,} tokens for models without a known price has {left:,} left, "
            f"and this answer may take {call.input_tokens + call.output_tokens:,}. It renews on {_day(renews)}; {who} "
            "can raise it under Settings, Copilot.",
            retry_after=_seconds_to(renews),
        )


def unpriced_tokens(since: datetime) -> int:
    """Tokens of calls whose price is not known; inside the tenant's transaction."""
    rows = ModelCall.objects.filter(created_at__gte=since, cost=None, reserved=None).exclude(provider="builtin")
    found = rows.aggregate(sum=Sum(F("input_tokens") + F("output_tokens")))["sum"]
    return int(found or 0)


def _spent(limit: Limit, worst: Decimal, organization_id: int) -> BudgetSpent:
    whose = limit.words[0].upper() + limit.words[1:] if limit.own else f"The organisation's {limit.words}"
    when = f"on {_day(limit.renews)}" if limit.name.endswith("month") else "at midnight"
    return BudgetSpent(
        f"{whose} is {dollars(limit.most)}; {dollars(limit.left)} of it is left, and this answer may cost up to "
        f"{dollars(worst)}. It renews {when}; {who_can_raise(organization_id)} can raise it under Settings, Copilot.",
        retry_after=_seconds_to(limit.renews),
    )


def who_can_raise(organization_id: int) -> str:
    """The names of up to three who may change budgets."""
    ids = who_may(organization_id, Permission.ADMINISTER)
    rows = Membership.objects.filter(organization_id=organization_id, user_id__in=ids).select_related("user")
    names = [one.user.name or one.user.email for one in rows.order_by("pk")[:3]]
    return " or ".join(names) or "an owner or admin"


def dollars(amount: Decimal) -> str:
    """Small amounts keep the figures that tell them from nothing."""
    if amount and amount < Decimal("0.01"):
        return f"${amount:.4f}" if amount >= Decimal("0.0001") else "less than $0.0001"
    return f"${amount:,.2f}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B}"


def _seconds_to(moment: datetime) -> int:
    return max(1, round((moment - timezone.now()).total_seconds()))


def settle(call: ModelCall, budgets: Budgets) -> None:
    """Keep what the call took, and warn when it brought a budget above four fifths."""
    with tenant(call.organization_id):
        if budgets.in_money and call.cost:
            _one_at_a_time(call.organization_id)
            call.save()
            _warn(call, budgets)
        else:
            call.save()


def _warn(call: ModelCall, budgets: Budgets) -> None:
    """Settled sums only grow, one call at a time, so each bound is crossed once."""
    windows = Windows.now(call.organization_id)
    for limit in limits_of(budgets, user_id=call.user_id, windows=windows):
        bound = limit.most * WARN_AT
        if limit.settled - (call.cost or 0) < bound <= limit.settled:
            _tell(call, limit)


def _tell(call: ModelCall, limit: Limit) -> None:
    to = [call.user_id] if limit.own else who_may(call.organization_id, Permission.ADMINISTER)
    share = int(limit.settled * 100 / limit.most) if limit.most else 100
    whose = limit.words[0].upper() + limit.words[1:] if limit.own else f"The copilot's {limit.words}"
    sentence = f"{whose} ({dollars(limit.most)}) is used to {share} %: {dollars(limit.settled)}."
    notify(call.organization_id, user_ids=to, kind="budget", sentence=sentence, path=PAGE)


def release(run_id: int) -> None:
    """Give back what a dead runner had reserved for its run; inside the tenant's transaction."""
    _let_go(ModelCall.objects.filter(run_id=run_id))


def _release_stale() -> None:
    oldest = timezone.now() - timedelta(seconds=settings.COPILOT_MAX_SECONDS) - GRACE
    _let_go(ModelCall.objects.filter(created_at__lt=oldest))


def _let_go(rows: "QuerySet[ModelCall]") -> None:
    rows.filter(state=ModelCallState.RESERVED).update(
        state=ModelCallState.FAILED, input_tokens=0, output_tokens=0, cost=0, estimated=True, error=DIED
    )


def _one_at_a_time(organization_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('copilot budget of ' || %s, 0))", [organization_id]
        )


def spent_this_month(organization_id: int) -> Decimal:
    """What models have cost the organisation since the first of its month, in US dollars."""
    with tenant(organization_id, read_only=True):
        start = Windows.now(organization_id).month
        found = ModelCall.objects.filter(created_at__gte=start).aggregate(sum=Sum("cost"))["sum"]
    return found or Decimal(0)
