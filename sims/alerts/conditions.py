"""What holds for a SIM (`s`, with its plan `p`) or a pool (`q`) by a rule (`r`), as SQL.

Each condition is written once: it raises alerts where it holds and ends them where it holds no more. Byte counts are
compared as floats, since a petabyte times percent leaves the range of bigint.
"""

from typing import Final

from sims.costs import PAYS_THIS_CYCLE

QUOTA: Final = "coalesce(s.quota_bytes, CASE WHEN NOT p.pooled THEN p.quota_bytes END)"
THRESHOLD: Final = "coalesce(r.percent, s.threshold_percent, p.threshold_percent, 80)"
LIMIT_ACTION: Final = "coalesce(nullif(s.limit_action, ''), p.limit_action, 'none')"
IN_USE: Final = "('test_ready', 'active', 'inactive', 'suspended')"

SCOPE: Final = """(r.customer_id IS NULL OR r.customer_id = s.customer_id)
    AND (r.plan_id IS NULL OR r.plan_id = s.plan_id) AND (r.sim_id IS NULL OR r.sim_id = s.id)
    AND (r.tag_id IS NULL OR EXISTS (SELECT FROM sims_simtag t
        WHERE t.organization_id = s.organization_id AND t.sim_id = s.id AND t.tag_id = r.tag_id))"""

# A SIM that has used its quota up has a limit alert in place of the threshold's, where a rule makes one.
HOLDS: Final = {
    "threshold": f"""s.status IN {IN_USE} AND CASE WHEN r.usage_bytes IS NOT NULL THEN s.cycle_bytes >= r.usage_bytes
        ELSE {QUOTA} > 0 AND s.cycle_bytes::float8 * 100 >= {QUOTA}::float8 * {THRESHOLD}
        AND (s.cycle_bytes < {QUOTA} OR NOT %(limits)s) END""",
    "limit": f"""s.status IN {IN_USE} AND CASE WHEN r.usage_bytes IS NOT NULL THEN s.cycle_bytes >= r.usage_bytes
        ELSE {QUOTA} > 0 AND s.cycle_bytes::float8 * 100 >= {QUOTA}::float8 * coalesce(r.percent, 100) END""",
    "silence": "s.status = 'active' AND s.last_seen_at < %(now)s - make_interval(hours => coalesce(r.hours, 168))",
}

_USAGE_FACTS: Final = f"""jsonb_build_object('used_bytes', s.cycle_bytes, 'quota_bytes', {QUOTA},
    'bound_bytes', r.usage_bytes, 'percent', CASE WHEN {QUOTA} > 0
    THEN floor(s.cycle_bytes::float8 * 100 / {QUOTA})::bigint END, 'cycle_start', s.cycle_start_date)"""
FACTS: Final = {
    "threshold": _USAGE_FACTS,
    "limit": _USAGE_FACTS,
    "silence": "jsonb_build_object('last_seen_at', s.last_seen_at, 'hours', coalesce(r.hours, 168))",
}
AT: Final = {
    "threshold": "coalesce(s.cycle_as_of, s.created_at)",
    "limit": "coalesce(s.cycle_as_of, s.created_at)",
    "silence": "%(now)s",
}

# The pools of pooled plans: each customer's SIMs of such a plan share the sum of their quotas (sims/costs.py).
POOLS: Final = f"""
SELECT s.plan_id, s.customer_id, count(*) AS sims, sum(s.cycle_bytes)::bigint AS used_bytes,
    sum(coalesce(s.quota_bytes, p.quota_bytes))::bigint AS quota_bytes,
    coalesce(max(s.cycle_as_of), max(s.created_at)) AS as_of,
    min(p.threshold_percent) AS threshold_percent, min(s.cycle_start_date) AS cycle_start
FROM sims_sim s JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
JOIN core_organization o ON o.id = s.organization_id
WHERE s.organization_id = %(organization)s AND p.pooled AND {PAYS_THIS_CYCLE} {{chosen}}
GROUP BY s.plan_id, s.customer_id
"""  # noqa: S608 (our own words)
POOL_SCOPE: Final = """r.tag_id IS NULL AND r.sim_id IS NULL AND r.usage_bytes IS NULL
    AND (r.customer_id IS NULL OR r.customer_id = q.customer_id) AND (r.plan_id IS NULL OR r.plan_id = q.plan_id)"""
POOL_HOLDS: Final = """q.quota_bytes > 0 AND CASE r.kind
    WHEN 'threshold' THEN q.used_bytes::float8 * 100
        >= q.quota_bytes::float8 * coalesce(r.percent, q.threshold_percent)
        AND (q.used_bytes < q.quota_bytes OR NOT %(limits)s)
    ELSE q.used_bytes::float8 * 100 >= q.quota_bytes::float8 * coalesce(r.percent, 100) END"""
