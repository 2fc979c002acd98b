"""How large a pool should be: which of its SIMs stay, go to another pool, or to a plan of their own, all at once.

A SIM in a pool pays the pool's price, brings its quota and takes its share of the pool's need. What one SIM does
changes what the others need, so no SIM can be judged by itself: a heavy one is cheap where others leave quota unused.
The whole is one mixed integer program:

    minimise    sum_i sum_j alone[i, j] x[i, j]  +  sum_k (price_k sum_i y[i, k] + overage_k short_k)
    subject to  each SIM i on exactly one plan alone or in one pool
                sum_i need_i y[i, k] - quota_k sum_i y[i, k] <= spare_k + short_k,   short_k >= 0

`need_i` is the SIM's part of the pooled quantile to be covered: its median, and of what the pool needs above the sum of
medians a part in proportion to its variance (Euler allocation, Tasche 1999). HiGHS solves it to optimality (Huangfu and
Hall, Mathematical Programming Computation 10, 2018); on small pools a test holds it against all assignments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.prices import MB, Tariff
from analytics.advice.usage import Amounts, Usage, together

SECONDS: Final = 1.0  # for one pool; beyond it the best assignment so far is taken
SMALL: Final = 20  # SIMs up to which nothing cheaper may exist; beyond, nothing cheaper by more than a part of GAP
GAP: Final = 1e-3


@dataclass(frozen=True)
class Sizing:
    """`choice` (N,): the index of the pool (in `pools`) each SIM is in, or -1: alone, on `alone_plan` (N,).

    `cost` in cents a month when exactly the quantile is used, `proven` whether nothing cheaper exists (see GAP).
    """

    choice: NDArray[np.int64]
    alone_plan: NDArray[np.int64]
    cost: float
    proven: bool


def needs(usage: Usage, covered: float | None = None) -> Amounts:
    """Each SIM's part (N,) of the bytes that the pool has to cover; `covered`: their sum, else the pool's 90 %."""
    if not len(usage):
        return np.zeros(0)
    whole = together(usage, groups=np.zeros(len(usage), np.int64), count=1)
    above = (float(whole.high[0]) if covered is None else covered) - float(usage.middle.sum())
    variance = usage.deviation**2
    weight = variance / variance.sum() if variance.sum() > 0 else np.full(len(usage), 1 / len(usage))
    return np.maximum(usage.middle + above * weight, 0.0)


def size_pools(
    pools: Sequence[Tariff], alone: Sequence[Tariff], usage: Usage, need: Amounts, spare: Sequence[float] = ()
) -> Sizing:
    """The cheapest way to put these SIMs into the pools or on plans alone. At least one of `pools` must be given.

    `spare` is what each pool has left (bytes, negative: lacks) by SIMs that are in it and are not among these.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    count, kinds = len(usage), len(pools)
    by_plan = np.stack([one.cost(usage) for one in alone]) if alone else np.full((1, count), np.inf)
    own, own_plan = by_plan.min(axis=0), by_plan.argmin(axis=0)
    loose = np.isfinite(own)
    if kinds == 1 and count > SMALL and loose.all():
        quick = _by_a_price(pools[0], own, need, spare[0] if len(spare) else 0.0)
        if quick is not None:
            return Sizing(np.where(quick[0], 0, -1), own_plan, quick[1], True)
    scale = max(float(need.sum()) / max(count, 1), MB)  # bytes are counted in what a SIM needs, for the solver's sake
    prices = np.repeat([one.price for one in pools], count)
    overage = np.array([one.overage / MB * scale for one in pools])
    objective = np.concatenate([np.where(loose, own, 0.0), prices, overage])
    upper = np.concatenate([loose.astype(float), np.ones(kinds * count), np.full(kinds, np.inf)])
    integral = np.concatenate([np.ones((kinds + 1) * count), np.zeros(kinds)])
    constraints = [
        LinearConstraint(_each_once(count, kinds), 1, 1),
        LinearConstraint(_covered(pools, need / scale, scale), -np.inf, _spare(pools, spare, scale)),
    ]
    options = {"time_limit": SECONDS, "mip_rel_gap": 0.0 if count <= SMALL else GAP}
    found = milp(objective, integrality=integral, bounds=Bounds(0, upper), constraints=constraints, options=options)
    if found.x is None:
        return Sizing(np.zeros(count, np.int64), own_plan, float("inf"), False)
    where = found.x[: (kinds + 1) * count].reshape(kinds + 1, count).argmax(axis=0) - 1
    return Sizing(where.astype(np.int64), own_plan, float(found.fun), found.status == 0)


def _by_a_price(pool: Tariff, own: Amounts, need: Amounts, spare: float) -> tuple[NDArray[np.bool_], float] | None:
    """Who stays in one pool, and the cost, by putting a price on a byte of its quota; None if that leaves a gap.

    At each price every SIM decides alone (Everett, Operations Research 11, 1963), which also gives a bound that no
    assignment is below: where the two meet but for a part of GAP, nothing need be searched.
    """
    gain, weight, overage = pool.price - own, need - pool.quota, pool.overage / MB
    if not pool.quota:
        return gain < 0, float(np.where(gain < 0, pool.price, own).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = -gain / weight
    turns = turns[np.isfinite(turns) & (turns > 0) & (turns < overage)]
    prices = np.concatenate([[0.0, overage], turns, turns * (1 + 1e-9)])
    best, chosen, bound = np.inf, gain < 0, -np.inf
    for price in prices:
        stays = gain + price * weight < 0
        cost = gain[stays].sum() + overage * max(0.0, weight[stays].sum() - spare)
        if cost < best:
            best, chosen = cost, stays
        bound = max(bound, (gain + price * weight)[stays].sum() - price * spare)
    total = float(own.sum())
    return (chosen, total + float(best)) if best - bound <= GAP * max(abs(total + best), 1.0) else None


def _spare(pools: Sequence[Tariff], spare: Sequence[float], scale: float) -> Amounts:
    """Right-hand sides; a pool without a quota covers everything."""
    given = np.array([*spare, *[0.0] * (len(pools) - len(spare))])
    return np.array([np.inf if not one.quota else left / scale for one, left in zip(pools, given, strict=True)])


def _each_once(count: int, kinds: int) -> object:
    from scipy.sparse import eye, hstack, vstack

    once = hstack([eye(count)] * (kinds + 1) + [vstack([_nothing(count, kinds)])])
    return once.tocsr()


def _nothing(rows: int, columns: int) -> object:
    from scipy.sparse import csr_matrix

    return csr_matrix((rows, columns))


def _covered(pools: Sequence[Tariff], need: Amounts, scale: float) -> object:
    from scipy.sparse import lil_matrix

    count, kinds = need.size, len(pools)
    matrix = lil_matrix((kinds, (kinds + 1) * count + kinds))
    for k, one in enumerate(pools):
        matrix[k, (k + 1) * count : (k + 2) * count] = need - one.quota / scale
        matrix[k, (kinds + 1) * count + k] = -1.0
    return matrix.tocsr()


def pool_cost(tariff: Tariff, usage: Usage, spare: float = 0.0) -> tuple[float, float]:
    """Expected cents a month of SIMs in a pool, and in a heavy month."""
    count = len(usage)
    if not count:
        return 0.0, 0.0
    whole = together(usage, groups=np.zeros(count, np.int64), count=1)
    shared = Tariff(tariff.id, tariff.price * count, 0, tariff.overage, tariff.currency)
    limit = max(tariff.quota * count + spare, 1.0) if tariff.quota else 0.0
    return float(shared.cost(whole, limit)[0]), float(shared.worst(whole, limit)[0])
