"""The night's advice, worked out of its facts: one advice a SIM, one a pool."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice import confidence
from analytics.advice.idle import CYCLES
from analytics.advice.pools import needs, pool_cost, size_pools
from analytics.advice.prices import Tariff, best_plans
from analytics.advice.usage import Usage
from analytics.models.savings import AdviceKind
from analytics.nightly.savings_facts import Facts, Ints
from iotsim.core.wording import counted, kept_apart, size

LEAST_CENTS: Final = 5.0  # a month; less is not worth anybody's time
LEAST_SHARE: Final = 0.03  # of what it costs now


@dataclass(frozen=True)
class Advice:
    """One advice, in cents a month (whole ones are made when it is kept); see models.savings.Recommendation."""

    kind: str
    sim_id: int
    customer_id: int
    from_plan_id: int
    to_plan_id: int
    cost: float
    worst_cost: float
    saving: float
    worst_saving: float
    currency: str
    confidence: str
    reason: str
    history_days: int
    usage: tuple[int, int, int] = (0, 0, 0)
    unused_cycles: int = 0
    sims: int = 1
    moved: list[tuple[int, int]] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, int, int, int, int]:
        return self.kind, self.sim_id, self.customer_id, self.from_plan_id, self.to_plan_id


def advise(facts: Facts, foreseen_pools: dict[tuple[int, int], int]) -> Iterator[Advice]:
    """All of it: unused SIMs first, then quotas of their own, plans, and pools."""
    if not len(facts):
        return
    free = ~facts.settled & ~facts.pooled
    idle = free & (facts.idle >= CYCLES) & ~facts.safety_critical & (_prices(facts) >= LEAST_CENTS)
    yield from _idle(facts, np.flatnonzero(idle))
    rest = free & ~idle & facts.foreseen
    own = facts.quota >= 0
    yield from _quotas(facts, np.flatnonzero(rest & own))
    yield from _plans(facts, np.flatnonzero(rest & ~own))
    yield from _pools(facts, foreseen_pools)


def _prices(facts: Facts) -> NDArray[np.float64]:
    return np.array([one.price for one in facts.tariffs])[facts.plan]


def _idle(facts: Facts, rows: Ints) -> Iterator[Advice]:
    for n in rows.tolist():
        plan, cycles = facts.tariffs[facts.plan[n]], int(facts.idle[n])
        yield Advice(
            AdviceKind.RETIRE_IDLE.value, int(facts.ids[n]), int(facts.customer[n]), plan.id, 0,
            plan.price, plan.price, plan.price, plan.price, plan.currency,
            "high" if cycles > CYCLES else "medium",
            f"Paid for and not used once in {cycles * 30} days. Retiring it is final; where it may be needed again, "
            "a cheaper plan is the way.",
            int(facts.history_days[n]) or cycles * 30, unused_cycles=cycles,
        )  # fmt: skip


def _quotas(facts: Facts, rows: Ints) -> Iterator[Advice]:
    """A quota of its own that is smaller than its plan's costs overage and spares nothing."""
    if not rows.size:
        return
    usage = facts.usage.only(rows)
    quota = facts.quota[rows].astype(np.float64)
    for index in np.unique(facts.plan[rows]).tolist():
        plan = facts.tariffs[index]
        mine = np.flatnonzero((facts.plan[rows] == index) & (quota > 0) & ((quota < plan.quota) | (plan.quota == 0)))
        some = usage.only(mine)
        now, then = plan.cost(some, quota[mine]), plan.cost(some)
        worst_now, worst = plan.worst(some, quota[mine]), plan.worst(some)
        level, why = confidence.judge(
            some,
            facts.history_days[rows[mine]],
            facts.is_prior[rows[mine]],
            worst_now - worst,
            np.full(mine.size, np.inf),
        )
        for n in np.flatnonzero(_worth(now - then, now)).tolist():
            at = rows[mine[n]]
            yield _of_sim(
                facts, at, AdviceKind.RAISE_QUOTA.value, index, float(now[n]), float(worst_now[n]),
                float(now[n] - then[n]), float(worst_now[n] - worst[n]), int(level[n]), int(why[n]),
                f"Its own quota of {size(int(quota[mine[n]]))} is smaller than its plan's "
                f"{size(int(plan.quota)) if plan.quota else '(no limit)'}, which is paid for.",
            )  # fmt: skip


def _plans(facts: Facts, rows: Ints) -> Iterator[Advice]:
    if not rows.size:
        return
    usage, present = facts.usage.only(rows), facts.plan[rows]
    best = best_plans(facts.tariffs, usage, present)
    saving, worst_saving = best.saving, best.worst_saving  # once: each is worked out of whole arrays
    chosen = _worth(saving, best.present_cost) & (best.plan != present)
    even = _breaks_even(facts.tariffs, present, best.plan)
    level, why = confidence.judge(
        usage, facts.history_days[rows], facts.is_prior[rows], worst_saving, even, best.light_saving
    )
    for n in np.flatnonzero(chosen).tolist():
        yield _of_sim(
            facts, rows[n], AdviceKind.CHANGE_PLAN.value, int(best.plan[n]), float(best.present_cost[n]),
            float(best.present_worst[n]), float(saving[n]), float(worst_saving[n]), int(level[n]),
            int(why[n]), _why_plan(facts, int(present[n]), int(best.plan[n]), float(even[n])),
        )  # fmt: skip


def _worth(saving: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.bool_]:
    worth: NDArray[np.bool_] = (saving >= LEAST_CENTS) & (saving >= LEAST_SHARE * cost)
    return worth


def _breaks_even(tariffs: list[Tariff], present: Ints, advised: Ints) -> NDArray[np.float64]:
    """For each pair of plans the usage up to which the advised one costs no more; inf where there is no such end."""
    table = np.array(
        [[new.breaks_even(old) if new.price < old.price else np.inf for new in tariffs] for old in tariffs]
    )
    pairs: NDArray[np.float64] = table[present, advised]
    return pairs


def _why_plan(facts: Facts, present: int, advised: int, even: float) -> str:
    """The reason in words: where the two plans cost the same, or what the dearer price buys."""
    old, new = facts.tariffs[present], facts.tariffs[advised]
    name = kept_apart(facts.names[advised])
    if new.price >= old.price:
        return f"{name} costs more a month and less in overage, for what it uses."
    if np.isfinite(even):
        return f"{name} costs less up to {size(int(even))} a month."
    return f"{name} costs less however much it uses."


def _of_sim(
    facts: Facts, n: int, kind: str, index: int, cost: float, worst: float, saving: float, worst_saving: float,
    level: int, why: int, reason: str,
) -> Advice:  # fmt: skip
    days = int(facts.history_days[n])
    words = confidence.in_words(why, days)
    usage = (int(facts.usage.low[n]), int(facts.usage.middle[n]), int(facts.usage.high[n]))
    said = f"It uses {size(usage[1])} in a usual month, {size(usage[2])} in a heavy one. {reason}"
    present = facts.tariffs[facts.plan[n]]
    return Advice(
        kind, int(facts.ids[n]), int(facts.customer[n]), present.id, facts.tariffs[index].id, cost, worst, saving,
        worst_saving, present.currency, confidence.LEVELS[level], f"{said} {words[0].upper()}{words[1:]}.", days, usage,
    )  # fmt: skip


def _pools(facts: Facts, foreseen: dict[tuple[int, int], int]) -> Iterator[Advice]:
    members = np.flatnonzero(facts.pooled)
    pairs = np.stack([facts.plan[members], facts.customer[members]], axis=1)
    for index, customer in np.unique(pairs, axis=0).tolist() if members.size else []:
        rows = members[(pairs[:, 0] == index) & (pairs[:, 1] == customer)]
        if facts.foreseen[rows].mean() > 0.5 and not facts.settled[rows].any():
            found = _pool(facts, index, customer, rows, foreseen.get((facts.tariffs[index].id, customer)))
            if found is not None:
                yield found


def _pool(facts: Facts, index: int, customer: int, rows: Ints, covered: int | None) -> Advice | None:
    """The best size of one pool, if it is worth the change."""
    plan = facts.tariffs[index]
    others = [n for n, one in enumerate(facts.tariffs) if one.pooled and one.currency == plan.currency and n != index]
    alone = [n for n, one in enumerate(facts.tariffs) if not one.pooled and one.currency == plan.currency]
    need = needs(facts.usage.only(rows), covered)
    fixed = facts.quota[rows] >= 0  # with a quota of their own they stay, and bring that
    free = rows[~fixed]
    if not free.size:
        return None
    spare = [float((facts.quota[rows[fixed]] - need[fixed]).sum()), *(_spare(facts, n, customer) for n in others)]
    pools = [plan, *(facts.tariffs[n] for n in others)]
    sizing = size_pools(pools, [facts.tariffs[n] for n in alone], facts.usage.only(free), need[~fixed], spare)
    goes = np.array([index, *others, *alone])
    target = goes[np.where(sizing.choice >= 0, sizing.choice, len(pools) + sizing.alone_plan)]
    return _sized(facts, index, customer, rows, free, target, proven=sizing.proven)


def _spare(facts: Facts, index: int, customer: int) -> float:
    """Bytes that another pool of the customer has left in a heavy month."""
    rows = np.flatnonzero((facts.plan == index) & (facts.customer == customer))
    quota = np.where(facts.quota[rows] >= 0, facts.quota[rows], facts.tariffs[index].quota).sum()
    return float(quota - needs(facts.usage.only(rows)).sum())


def _sized(
    facts: Facts, index: int, customer: int, rows: Ints, free: Ints, target: Ints, *, proven: bool
) -> Advice | None:
    plan, moved = facts.tariffs[index], target != index
    fixed = rows[facts.quota[rows] >= 0]
    extra = float((facts.quota[fixed] - plan.quota).sum())
    now = pool_cost(plan, facts.usage.only(rows), extra)
    stay = np.concatenate([free[~moved], fixed])
    parts = [pool_cost(plan, facts.usage.only(stay), extra)]
    for n in np.unique(target[moved]).tolist():
        parts.append(_joined(facts, n, customer, free[moved & (target == n)]))
    cost, worst = (sum(one[side] for one in parts) for side in (0, 1))
    saving, worst_saving = now[0] - cost, now[1] - worst
    if not moved.any() or not bool(_worth(np.array([saving]), np.array([now[0]]))[0]):
        return None
    days = int(np.median(facts.history_days[rows]))
    even = np.full(1, np.inf)
    some = Usage.of(*(getattr(facts.usage, name)[rows].sum() for name in ("low", "middle", "high")))
    prior = np.array([bool(facts.is_prior[rows].mean() > 0.5)])
    level, why = confidence.judge(some, np.array([days]), prior, np.array([worst_saving]), even)
    words = confidence.in_words(int(why[0]), days)
    single = np.unique(target[moved])
    return Advice(
        AdviceKind.RESIZE_POOL.value, 0, customer, plan.id, int(facts.tariffs[single[0]].id) if single.size == 1 else 0,
        now[0], now[1], saving, worst_saving, plan.currency, confidence.LEVELS[int(level[0])],
        f"{_why_pool(facts, rows, free, target, moved)}{'' if proven else ' The best found in the time given.'} "
        f"{words[0].upper()}{words[1:]}.",
        days, (int(some.low[0]), int(some.middle[0]), int(some.high[0])), sims=int(moved.sum()),
        moved=[(int(facts.ids[n]), facts.tariffs[to].id) for n, to in zip(free[moved], target[moved], strict=True)],
    )  # fmt: skip


def _joined(facts: Facts, index: int, customer: int, rows: Ints) -> tuple[float, float]:
    """What SIMs cost on the plan that they go to; in a pool, by how much it costs more with them."""
    plan = facts.tariffs[index]
    if not plan.pooled:
        some = facts.usage.only(rows)
        return float(plan.cost(some).sum()), float(plan.worst(some).sum())
    there = np.flatnonzero((facts.plan == index) & (facts.customer == customer))
    extra = float(np.where(facts.quota[there] >= 0, facts.quota[there] - plan.quota, 0).sum())
    before = pool_cost(plan, facts.usage.only(there), extra)
    after = pool_cost(plan, facts.usage.only(np.concatenate([there, rows])), extra)
    return after[0] - before[0], after[1] - before[1]


def _why_pool(facts: Facts, rows: Ints, free: Ints, target: Ints, moved: NDArray[np.bool_]) -> str:
    to, counts = np.unique(target[moved], return_counts=True)
    order = counts.argsort()[::-1][:3]
    where = ", ".join(f"{counts[n]:,} to {kept_apart(facts.names[to[n]])}" for n in order)
    more = f" and {to.size - 3} more plans" if to.size > 3 else ""
    stays = rows.size - int(moved.sum())
    return f"{counted(stays, 'SIM')} of the pool's {rows.size:,} stay; {where}{more}."
