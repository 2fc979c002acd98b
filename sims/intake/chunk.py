"""One block of a usage file into the database, in one transaction: staged, compared with what is known, added up."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from psycopg import sql

from iotsim.core import metrics
from sims import bulk
from sims.formats.batch import Batch
from sims.formats.reading import LONGEST_SECONDS
from sims.intake.cards import UNKNOWN, Cards
from sims.intake.daily import Spans, add_usage, rebuild_usage
from sims.intake.days import Ints, Mask, Used
from sims.intake.networks import Networks
from sims.intake.sessions import recount
from sims.models.usage import ROW_BITS

_RECORD = (
    "id, organization_id, started_at, ended_at, sim_id, bytes_up, bytes_down, counter_up, counter_down, session_key, "
    "session_started_at, operator_id, count, voice_seconds, traffic, rat, cost, currency, apn, imei, network, "
    "iccid, imsi"
)
_STAGE = (
    "id bigint, organization_id bigint, started_at timestamptz, ended_at timestamptz, sim_id bigint, bytes_up bigint, "
    "bytes_down bigint, counter_up bigint, counter_down bigint, session_key uuid, session_started_at timestamptz, "
    "operator_id bigint, count integer, voice_seconds integer, traffic smallint, rat smallint, cost numeric(18, 6), "
    "currency varchar(3), apn varchar(100), imei varchar(15), network varchar(80), iccid varchar(22) DEFAULT '', "
    "imsi varchar(15) DEFAULT '', n integer, record_key uuid, digest bigint, corrects boolean DEFAULT false"
)


@dataclass(frozen=True)
class Place:
    """Where rows go: organisation, zone of its days, the intake they belong to, whose keys they bear."""

    organization_id: int
    zone: ZoneInfo
    intake_id: int
    carrier: int


@dataclass
class Counts:
    """What became of rows."""

    new: int = 0
    duplicates: int = 0
    corrections: int = 0
    unknown_rows: int = 0

    def add(self, other: "Counts") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class Written:
    """`changed` are the SIMs of corrected records, which keep their ids: what these SIMs show must be refreshed.

    `rows` are the rows that stand for a record now, `outcome` what became of each, `sim_id` whose they are. Of rows
    with one key only the first is among them.
    """

    counts: Counts
    changed: Ints
    rows: Ints
    outcome: Ints
    sim_id: Ints


NEW, DUPLICATE, CORRECTION = 0, 1, 2


def write_chunk(place: Place, batch: Batch, cards: Cards, networks: Networks) -> Written:
    """Write the rows of a block. Inside `writing_usage`, with the partitions made."""
    batch, repeated, revised = latest(batch)
    counts = Counts(duplicates=repeated, corrections=revised)
    if not len(batch):
        nothing = np.zeros(0, np.int64)
        return Written(counts, nothing, nothing, nothing, nothing)
    sim_id = cards.find(batch.subscriber.values)[batch.subscriber.codes]
    with bulk.staging("usage_stage", _STAGE) as stage:
        bulk.copy_in(stage, _columns(place, batch, sim_id, networks))
        known, same = _known(place, stage)
        fresh: Mask = np.ones(len(batch), bool)
        fresh[known] = False
        counts.new = int(fresh.sum())
        counts.duplicates += int(same.sum())
        counts.corrections += len(known) - int(same.sum())
        counts.unknown_rows = int((sim_id[fresh] == UNKNOWN).sum())
        changed = _write(place, batch, sim_id, stage, fresh, known[~same])
    _count(counts)
    outcome = np.where(fresh, NEW, DUPLICATE)
    outcome[known[~same]] = CORRECTION
    return Written(counts, changed, batch.row, outcome, sim_id)


def _count(counts: Counts) -> None:
    for result in ("new", "duplicates", "corrections"):
        if rows := getattr(counts, result):
            metrics.count(metrics.INTAKE_ROWS, rows, result=result)


def latest(batch: Batch) -> tuple[Batch, int, int]:
    """Of rows with one key the last, under the number of the first; how many repeated or revised the one before.

    The same comes out when the rows are in different blocks, where the first one's record is corrected.
    """
    lanes = batch.key.view(">u8").reshape(-1, 2)
    order = np.lexsort((lanes[:, 1], lanes[:, 0]))
    again = (lanes[order][1:] == lanes[order][:-1]).all(axis=1)
    if not again.any():
        return batch, 0, 0
    digest = batch.digest[order]
    repeats = int((again & (digest[1:] == digest[:-1])).sum())
    first, last = order[np.r_[True, ~again]], order[np.r_[~again, True]]
    kept = replace(batch.take(last), row=batch.row[first])
    return kept.take(np.argsort(kept.row)), repeats, int(again.sum()) - repeats


def _columns(place: Place, batch: Batch, sim_id: Ints, networks: Networks) -> dict[str, bulk.Column]:
    """The stage's columns; a column that is left out is empty."""
    rows, unknown = len(batch), sim_id == UNKNOWN
    places = batch.network.map(networks.find)
    operator = places.numbers(lambda one: one.operator_id)
    columns: dict[str, bulk.Column] = {
        "id": bulk.bigint((place.intake_id << ROW_BITS) + batch.row),
        "organization_id": bulk.bigint(bulk.same(place.organization_id, rows)),
        "started_at": bulk.timestamptz(_begin(batch)),
        "ended_at": bulk.timestamptz(batch.ended_at),
        "count": bulk.integer(batch.count),
        "voice_seconds": bulk.integer(batch.voice_seconds),
        "traffic": bulk.smallint(batch.traffic),
        "n": bulk.integer(np.arange(rows)),
        "record_key": bulk.uuid(batch.key),
        "digest": bulk.bigint(batch.digest),
        **_bytes(batch),
        "sim_id": bulk.bigint(sim_id, ~unknown),
        "operator_id": bulk.bigint(operator, operator > 0),
        "rat": bulk.smallint(batch.rat, batch.rat > 0),
        "cost": bulk.numeric(batch.cost, batch.has_cost),
        "currency": bulk.Texts(batch.currency.codes, batch.currency.values),
        "apn": bulk.Texts(batch.apn.codes, batch.apn.values),
        "imei": bulk.Texts(batch.imei.codes, batch.imei.values),
        "network": bulk.Texts(places.codes, [one.text for one in places.values]),
    }
    if unknown.any():
        who = batch.subscriber
        columns["iccid"] = _when(unknown, who.codes, [one.iccid for one in who.values])
        columns["imsi"] = _when(unknown, who.codes, [one.imsi for one in who.values])
    return columns


def _bytes(batch: Batch) -> dict[str, bulk.Column]:
    """Amounts as they are, or the counters of a session, whose growth is worked out later."""
    if batch.session_key is None:
        return {"bytes_up": bulk.bigint(batch.bytes_up), "bytes_down": bulk.bigint(batch.bytes_down)}
    nothing = bulk.bigint(np.zeros(len(batch), np.int64))
    return {
        "bytes_up": nothing,
        "bytes_down": nothing,
        "counter_up": bulk.bigint(batch.bytes_up),
        "counter_down": bulk.bigint(batch.bytes_down),
        "session_key": bulk.uuid(batch.session_key),
        "session_started_at": bulk.timestamptz(batch.started_at),
    }


def _begin(batch: Batch) -> Ints:
    """No record covers more than a month, however long its session has lasted."""
    return np.maximum(batch.started_at, batch.ended_at - LONGEST_SECONDS * 1_000_000)


def _when(wanted: Mask, codes: Ints, values: list[str]) -> bulk.Texts:
    """The text in the rows wanted, else empty."""
    return bulk.Texts(np.where(wanted, codes, len(values)), [*values, ""])


def _known(place: Place, stage: sql.Identifier) -> tuple[Ints, Mask]:
    """The staged rows whose key is known (their n), and which of these came with the same values.

    Keys grow with time, so what lies beyond the greatest known one is new: of a file in order almost everything.
    OFFSET 0 keeps the planner to one index look-up per row, however large the table of keys has grown.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_key FROM sims_usagekey WHERE organization_id = %s AND carrier = %s "
            "ORDER BY record_key DESC LIMIT 1",
            [place.organization_id, place.carrier],
        )
        greatest = cursor.fetchone()
        cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE usage_known ON COMMIT DROP AS "
                "SELECT s.n, k.record_id, k.digest = s.digest AS same FROM {} s, LATERAL ("
                "SELECT k.record_id, k.digest FROM sims_usagekey k WHERE k.organization_id = {} AND k.carrier = {} "
                "AND k.record_key = s.record_key OFFSET 0) k WHERE s.record_key <= {}"
            ).format(stage, place.organization_id, place.carrier, greatest[0] if greatest else None)
        )
    n, same = bulk.copy_out(sql.SQL("SELECT n, same::integer::smallint FROM usage_known ORDER BY n"), [">i4", ">i2"])
    return n, same == 1


def _write(place: Place, batch: Batch, sim_id: Ints, stage: sql.Identifier, fresh: Mask, revised: Ints) -> Ints:
    """Insert and correct; bring days and hours up to date. Answers the SIMs of corrected records, before and after."""
    if not (fresh.any() or len(revised)):
        return np.zeros(0, np.int64)
    before = Spans.none() if fresh.all() else _make_way(place, stage, some_revised=bool(len(revised)))
    _insert(place, stage)
    known = sim_id != UNKNOWN
    after = revised[known[revised]]
    if batch.session_key is not None:
        spans = before.plus(_recount(place, stage, some_revised=bool(len(revised))))
    else:
        add_usage(place.organization_id, place.zone, _used(batch, sim_id, fresh & known))
        spans = before.plus(Spans(sim_id[after], batch.started_at[after], batch.ended_at[after]))
    rebuild_usage(place.organization_id, place.zone, spans)
    return np.unique(np.concatenate((before.sim_id, sim_id[after])))


def _used(batch: Batch, sim_id: Ints, rows: Mask) -> Used:
    return Used(
        *(
            column[rows]
            for column in (
                sim_id,
                batch.started_at,
                batch.ended_at,
                batch.traffic,
                batch.bytes_up,
                batch.bytes_down,
                batch.count,
                batch.voice_seconds,
            )
        )
    )


def _make_way(place: Place, stage: sql.Identifier, *, some_revised: bool) -> Spans:
    """Drop duplicates from the stage and take out the records that will be replaced; answers where these were."""
    values = {"stage": stage, "organization": sql.Literal(place.organization_id), "carrier": sql.Literal(place.carrier)}
    with connection.cursor() as cursor:
        for statement in [_DROP_DUPLICATES, *(_REPLACE if some_revised else [])]:
            cursor.execute(sql.SQL(statement).format(**values))
    if not some_revised:
        return Spans.none()
    query = sql.SQL("SELECT sim_id, started_at, ended_at FROM usage_replaced WHERE sim_id IS NOT NULL")
    sim_id, started_at, ended_at = bulk.copy_out(query, [">i8"] * 3)
    return Spans(sim_id, bulk.unix(started_at), bulk.unix(ended_at))


_DROP_DUPLICATES = "DELETE FROM {stage} s USING usage_known k WHERE k.n = s.n AND k.same"
_REPLACE = [
    "UPDATE {stage} s SET id = k.record_id, corrects = true FROM usage_known k WHERE k.n = s.n",
    "CREATE TEMPORARY TABLE usage_replaced ON COMMIT DROP AS SELECT r.* FROM usage_known k, LATERAL ("
    "SELECT id, sim_id, started_at, ended_at, session_key, session_started_at FROM sims_usagerecord "
    "WHERE organization_id = {organization} AND id = k.record_id OFFSET 0) r WHERE NOT k.same",
    "ANALYZE usage_replaced",
    "DELETE FROM sims_usagerecord r USING usage_replaced g "
    "WHERE r.organization_id = {organization} AND r.id = g.id AND r.started_at = g.started_at",
    "UPDATE sims_usagekey k SET digest = s.digest FROM {stage} s WHERE s.corrects "
    "AND k.organization_id = {organization} AND k.carrier = {carrier} AND k.record_key = s.record_key",
]


def _insert(place: Place, stage: sql.Identifier) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO sims_usagekey (organization_id, carrier, record_key, digest, record_id) "
                "SELECT organization_id, {}, record_key, digest, id FROM {} WHERE NOT corrects"
            ).format(place.carrier, stage)
        )
        cursor.execute(
            sql.SQL("INSERT INTO sims_usagerecord ({columns}) SELECT {columns} FROM {stage}").format(
                columns=sql.SQL(_RECORD), stage=stage
            )
        )


def _recount(place: Place, stage: sql.Identifier, *, some_revised: bool) -> Spans:
    """The growth of the sessions in the stage, and of those that a replaced record belonged to."""
    columns = "session_key uuid, started_at timestamptz, since timestamptz"
    sources = [stage, sql.Identifier("usage_replaced")] if some_revised else [stage]
    rows = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT session_key, session_started_at, ended_at FROM {}").format(source) for source in sources
    )
    with bulk.staging("usage_sessions", columns) as sessions:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "INSERT INTO {} SELECT session_key, min(session_started_at), min(ended_at) FROM ({}) changes "
                    "GROUP BY session_key"
                ).format(sessions, rows)
            )
        return recount(place.organization_id, sessions)
