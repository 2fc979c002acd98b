"""iotsim's own usage file: one row per session, sizes in bytes, times in ISO 8601 (UTC unless an offset is given).

Only iccid, started_at, bytes_up and bytes_down are needed. Without ended_at a session is an instant. Nothing
in a row is its number, so its natural key is who, when and through what: iccid, started_at, apn, mcc, mnc, rat.
A row that comes again with other values (a session that went on) corrects the first. Bytes are of the row alone.
"""

import numpy as np

from sims.formats.batch import DATA, Batch, Network
from sims.formats.columns import MICROSECONDS, Rows
from sims.formats.header import Shape
from sims.formats.keys import Hash
from sims.formats.names import TITLES
from sims.formats.reading import Format, apns, check_period, costs, devices, networks_by_code, rats, subscribers

SHAPE = Shape(
    "own",
    TITLES["own"],
    required=("iccid", "started_at", "bytes_up", "bytes_down"),
    optional=("imsi", "ended_at", "imei", "mcc", "mnc", "apn", "rat", "cost", "currency"),
)


def read(rows: Rows, remarks: dict[str, int]) -> Batch:
    subscriber = subscribers(rows, "iccid", "imsi")
    started_at = rows.instant("started_at")
    ended_at = rows.instant("ended_at", otherwise=started_at)
    check_period(rows, started_at, ended_at, columns=("started_at", "ended_at"))
    up, down = rows.whole("bytes_up"), rows.whole("bytes_down")
    cost, has_cost, currency = costs(rows, "cost", "currency")
    apn, imei, network, rat = (
        apns(rows, "apn"),
        devices(rows, "imei"),
        networks_by_code(rows, "mcc", "mnc"),
        rats(rows, "rat"),
    )
    who, where = subscriber.map(lambda one: one.iccid or one.imsi), network.map(_words)
    key = Hash(len(rows)).texts(who).numbers(started_at).texts(apn).texts(where).numbers(rat)
    value = Hash(len(rows)).numbers(ended_at).numbers(up).numbers(down).texts(imei)
    return Batch(
        row=rows.table.row,
        started_at=started_at,
        ended_at=ended_at,
        traffic=np.full(len(rows), DATA),
        bytes_up=up,
        bytes_down=down,
        count=np.ones(len(rows), np.int64),
        voice_seconds=np.zeros(len(rows), np.int64),
        rat=rat,
        cost=cost,
        has_cost=has_cost,
        currency=currency,
        apn=apn,
        imei=imei,
        subscriber=subscriber,
        network=network,
        key=key.keys(started_at // MICROSECONDS),
        digest=value.numbers(np.where(has_cost, cost, -1)).texts(currency).digest(),
    )


def _words(network: Network) -> str:
    return "-".join(network)


FORMAT = Format(SHAPE, 1, read)
