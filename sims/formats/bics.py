"""BICS SIM for Things, "Usage report data" (docs.sft.bics.com, billing and reporting scheduler).

Units: volumeTotal, volumeUplink and volumeDownlink are bytes. BICS says so of the same volumes in its usage data
streams ("in bytes; to obtain megabytes, divide by 1024^2 ... to see the same value as in portal"), and a fraction,
which megabytes would have, is refused. volumeTotal is what is rated; it wins over small differences to the parts.
Voice rows carry seconds in volumeTotal, SMS rows their number in count; neither counts as bytes.

Times: `timestamp` is UTC (`timestampAccount` is the same in the account's zone and is not read). A row has one
time only. Rows are deltas: each of a session's UPDATE and STOP records is the volume of that transaction.

Rows bear no number. The natural key is every column that names something (time, service, account, endpoint, SIM,
plan, add-on, benefit, network, zone, APN, RAT); the columns that measure (count, volumes, revenue) are its values.
"""

import numpy as np

from sims.formats.batch import DATA, VOICE, Batch, Network, rat_code, traffic_of
from sims.formats.columns import MICROSECONDS, Rows
from sims.formats.header import Shape
from sims.formats.keys import Hash
from sims.formats.names import TITLES
from sims.formats.reading import LONGEST_NETWORK, LONGEST_SECONDS, Format, apns, costs, devices, fit_total, subscribers
from sims.formats.table import Ints

VOLUMES = ("volumeTotal", "volumeUplink", "volumeDownlink")
NAMING = (
    "serviceTypeName",
    "subServiceType",
    "accountId",
    "endpointId",
    "planId",
    "addonPlanId",
    "dynamicBenefitId",
    "visitedOperatorName",
    "rateZoneName",
    "apn",
    "ratType",
)
SHAPE = Shape(
    "bics",
    TITLES["bics"],
    required=("timestamp", "serviceTypeName", "imsi", "iccid", "volumeTotal", "volumeDownlink", "volumeUplink"),
    optional=(
        "timestampAccount",
        "subServiceType",
        "parentAccountId",
        "accountId",
        "endpointId",
        "msisdn",
        "imei",
        "planId",
        "addonPlanId",
        "dynamicBenefitId",
        "visitedOperatorName",
        "rateZoneName",
        "count",
        "apn",
        "ratType",
        "revenue",
        "revenueCurrency",
    ),
)
MOST_COUNT = 100_000  # of sessions or messages in one row


def read(rows: Rows, remarks: dict[str, int]) -> Batch:
    subscriber = subscribers(rows, "iccid", "imsi")
    at = rows.instant("timestamp")
    rows.check_window(at, "timestamp")
    traffic = _traffic(rows)
    up, down, seconds = _volumes(rows, traffic, remarks)
    count = rows.whole("count", default=1, most=MOST_COUNT)
    cost, has_cost, currency = costs(rows, "revenue", "revenueCurrency")
    columns = {name: rows.coded(name) for name in NAMING}
    key = Hash(len(rows)).numbers(at).texts(subscriber.map("|".join))
    for column in columns.values():
        key.texts(column)
    value = Hash(len(rows)).numbers(up).numbers(down).numbers(seconds).numbers(count)
    return Batch(
        row=rows.table.row,
        started_at=at,
        ended_at=at,
        traffic=traffic,
        bytes_up=up,
        bytes_down=down,
        count=count,
        voice_seconds=seconds,
        rat=columns["ratType"].numbers(rat_code),
        cost=cost,
        has_cost=has_cost,
        currency=currency,
        apn=apns(rows, "apn"),
        imei=devices(rows, "imei"),
        subscriber=subscriber,
        network=columns["visitedOperatorName"].map(lambda name: Network(name=name[:LONGEST_NETWORK])),
        key=key.keys(at // MICROSECONDS),
        digest=value.numbers(np.where(has_cost, cost, -1)).texts(currency).digest(),
    )


def _traffic(rows: Rows) -> Ints:
    names = rows.coded("serviceTypeName")
    for code, name in enumerate(names.values):
        if not traffic_of(name):
            reason = (
                f"serviceTypeName {name[:40]} is none of data, SMS and voice" if name else "serviceTypeName is empty"
            )
            rows.refuse(names.codes == code, "serviceTypeName", reason)
    return names.numbers(traffic_of)


def _volumes(rows: Rows, traffic: Ints, remarks: dict[str, int]) -> tuple[Ints, Ints, Ints]:
    """(bytes up, bytes down, voice seconds)."""
    is_data = traffic == DATA
    up, down = fit_total(rows, VOLUMES, remarks, needed=is_data)
    seconds = np.where(traffic == VOICE, up + down, 0)
    rows.refuse(seconds > LONGEST_SECONDS, "volumeTotal", "volumeTotal is more seconds than a month has")
    return np.where(is_data, up, 0), np.where(is_data, down, 0), seconds


FORMAT = Format(SHAPE, 2, read)
