"""Cumulative records: each keeps the vendor's counters, and counts as what they grew by since the one before."""

from django.db import connection
from psycopg import sql

from sims import bulk
from sims.intake.daily import LONGEST, Spans

# The records of a session in the order of their ends. Each reaches back to the one before, the first to the
# session's start (or as far as a record may), and its growth is over the highest counters so far: a record that
# comes late takes its part from its follower, and counters that fall count as nothing. What is earlier than the
# changes stays as it is: its last record knows the highest counters up to there.
_RECOUNT = """
WITH ordered AS MATERIALIZED (
    SELECT r.* FROM {sessions} s, LATERAL (
        (SELECT id, sim_id, session_key, session_started_at, started_at, ended_at, mark_up AS high_up,
            mark_down AS high_down, mark_up, mark_down, bytes_up, bytes_down, count, true AS settled
        FROM sims_usagerecord
        WHERE organization_id = {organization} AND session_key = s.session_key AND started_at >= s.started_at
            AND ended_at < s.since
        ORDER BY ended_at DESC, counter_up + counter_down DESC, id DESC LIMIT 1)
        UNION ALL
        (SELECT id, sim_id, session_key, session_started_at, started_at, ended_at, counter_up,
            counter_down, mark_up, mark_down, bytes_up, bytes_down, count, false
        FROM sims_usagerecord
        WHERE organization_id = {organization} AND session_key = s.session_key AND started_at >= s.started_at
            AND ended_at >= s.since OFFSET 0)
    ) r
), recounted AS (
    SELECT *,
        greatest(coalesce(lag(ended_at) OVER earlier, session_started_at), ended_at - {longest}) AS starts,
        greatest(high_up, max(high_up) OVER before) AS top_up,
        greatest(high_down, max(high_down) OVER before) AS top_down,
        greatest(high_up - coalesce(max(high_up) OVER before, 0), 0) AS up,
        greatest(high_down - coalesce(max(high_down) OVER before, 0), 0) AS down,
        CASE WHEN row_number() OVER earlier = 1 THEN 1 ELSE 0 END AS opens
    FROM ordered
    WINDOW earlier AS (PARTITION BY session_key ORDER BY ended_at, high_up + high_down, id),
        before AS (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), changed AS MATERIALIZED (
    SELECT * FROM recounted
    WHERE NOT settled AND (started_at, bytes_up, bytes_down, count, mark_up, mark_down)
        IS DISTINCT FROM (starts, up, down, opens, top_up, top_down)
), updated AS (
    UPDATE sims_usagerecord r SET started_at = c.starts, bytes_up = c.up, bytes_down = c.down, count = c.opens,
        mark_up = c.top_up, mark_down = c.top_down
    FROM changed c WHERE r.id = c.id AND r.started_at = c.started_at AND r.organization_id = {organization}
)
INSERT INTO {spans} SELECT sim_id, least(started_at, starts), ended_at FROM changed WHERE sim_id IS NOT NULL
"""


def recount(organization_id: int, sessions: sql.Identifier) -> Spans:
    """Work out the growth of the records of these sessions; answers where that changed a SIM's usage.

    `sessions` is a table (session_key uuid, started_at timestamptz, since timestamptz): records that end before
    `since` are as they were.
    """
    with bulk.staging("spans", "sim_id bigint, low timestamptz, high timestamptz") as spans:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(_RECOUNT).format(
                    sessions=sessions, spans=spans, organization=organization_id, longest=sql.SQL(LONGEST)
                )
            )
        columns = bulk.copy_out(sql.SQL("SELECT sim_id, low, high FROM {}").format(spans), [">i8"] * 3)
    return Spans(columns[0], bulk.unix(columns[1]), bulk.unix(columns[2]))
