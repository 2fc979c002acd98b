"""What the night must know of each SIM beside its days: its plan, quota, cycle and whose it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from sims.bulk import read_arrow

if TYPE_CHECKING:
    from datetime import date

    from analytics.nightly.history import History

Ints = NDArray[np.int64]

# A SIM of a pooled plan without a quota of its own has none: it is the pool's that runs out. A quota of 0 is none.
_FACTS = """
SELECT s.id, coalesce(s.customer_id, 0) AS customer_id, coalesce(s.plan_id, 0) AS plan_id, s.cycle_bytes AS used,
    coalesce(nullif(coalesce(s.quota_bytes, CASE WHEN NOT p.pooled THEN p.quota_bytes END), 0), -1) AS quota,
    CASE WHEN p.pooled THEN coalesce(s.quota_bytes, p.quota_bytes) ELSE -1 END AS share,
    coalesce(p.billing_day, 1)::bigint AS billing_day
FROM sims_sim s LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
WHERE s.organization_id = {org} AND s.status NOT IN ('inventory', 'retired') ORDER BY s.id
"""


@dataclass(frozen=True)
class Facts:
    """SIMs in use that the history knows, ascending by id. `column` is their place in the history.

    `quota` in bytes, NaN without one; `share` what a SIM brings into its pool, NaN when it is in none.
    """

    ids: Ints
    column: Ints
    customer_id: Ints
    plan_id: Ints
    used: NDArray[np.float64]
    quota: NDArray[np.float64]
    share: NDArray[np.float64]
    billing_day: Ints
    is_all: bool


def read_facts(history: "History") -> Facts:
    """Read on a connection of its own, as the history is."""
    table = read_arrow(history.organization_id, sql.SQL(_FACTS).format(org=sql.Literal(history.organization_id)))
    columns = {name: table[name].to_numpy().astype(np.int64) for name in table.column_names}
    ids = columns["id"]
    place = np.searchsorted(history.sim_ids, ids).clip(max=max(history.sim_ids.size - 1, 0))
    known = history.sim_ids[place] == ids if history.sim_ids.size else np.zeros(ids.size, np.bool_)
    kept = {name: values[known] for name, values in columns.items()}
    return Facts(
        ids=kept["id"],
        column=place[known],
        customer_id=kept["customer_id"],
        plan_id=kept["plan_id"],
        used=kept["used"].astype(np.float64),
        quota=np.where(kept["quota"] < 0, np.nan, kept["quota"]),
        share=np.where(kept["share"] < 0, np.nan, kept["share"]),
        billing_day=kept["billing_day"],
        is_all=bool(known.sum() == history.sim_ids.size),
    )


_SINCE = """
SELECT sim_id, sum(bytes_up + bytes_down)::bigint AS used FROM sims_usagedaily
WHERE organization_id = {org} AND day >= {day} GROUP BY sim_id ORDER BY sim_id
"""


def read_since(organization_id: int, day: "date") -> tuple[Ints, NDArray[np.float64]]:
    """What each SIM has used from a day on: ids and bytes."""
    query = sql.SQL(_SINCE).format(org=sql.Literal(organization_id), day=sql.Literal(day))
    table = read_arrow(organization_id, query)
    return table["sim_id"].to_numpy().astype(np.int64), table["used"].to_numpy().astype(np.float64)
