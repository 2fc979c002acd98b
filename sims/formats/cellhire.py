"""Cellhire session CDR, delivered by SFTP every 30 minutes (developer.cellhire.com, Data Usage).

Units: the three volumes are bytes. They are cumulative: a session's Start, Interim and Stop records, which follow
the network's RADIUS accounting, each say what was sent and received since the session began, so only the growth
from one record to the next counts, in the order of RecordDateUtc. Outgoing is up, incoming is down.

SessionRowID is the row's own number and its key. A session is SIMSerial, SessionId and SessionStartUTC together,
for session numbers may be used again. All times are UTC. RatType is the number of 3GPP TS 29.061.
"""

import numpy as np

from sims.formats.batch import DATA, Batch
from sims.formats.columns import Rows
from sims.formats.header import Shape
from sims.formats.keys import Hash, Keys
from sims.formats.names import TITLES
from sims.formats.reading import Format, apns, devices, fit_total, networks_by_code, rats, subscribers
from sims.formats.table import Ints

VOLUMES = ("TotalDataVolume", "OutgoingDataVolume", "IncomingDataVolume")
RECORD_TYPES = ("start", "interim", "stop")
SHAPE = Shape(
    "cellhire",
    TITLES["cellhire"],
    required=(
        "SessionRowID",
        "SIMSerial",
        "SessionId",
        "SessionStartUTC",
        "RecordDateUtc",
        "RecordType",
        "OutgoingDataVolume",
        "IncomingDataVolume",
        "TotalDataVolume",
    ),
    optional=(
        "Msisdn",
        "Imsi",
        "Imei",
        "AccessPointName",
        "IpAddress",
        "MobileCountryCode",
        "MobileNetworkCode",
        "RatType",
    ),
)


def read(rows: Rows, remarks: dict[str, int]) -> Batch:
    subscriber = subscribers(rows, "SIMSerial", "Imsi")
    row_id = rows.whole("SessionRowID", most=2**62)
    begun, at = _times(rows)
    _check_record_type(rows)
    up, down = fit_total(rows, VOLUMES, remarks)
    session = rows.coded("SessionId")
    rows.refuse(~rows.filled("SessionId"), "SessionId", "SessionId is empty")
    who = subscriber.map(lambda one: one.iccid or one.imsi)
    imei, apn = devices(rows, "Imei"), apns(rows, "AccessPointName")
    network, rat = networks_by_code(rows, "MobileCountryCode", "MobileNetworkCode"), rats(rows, "RatType")
    value = Hash(len(rows)).texts(who).texts(session).numbers(begun).numbers(at).numbers(up).numbers(down)
    nothing = np.zeros(len(rows), np.int64)
    return Batch(
        row=rows.table.row,
        started_at=begun,
        ended_at=at,
        traffic=np.full(len(rows), DATA),
        bytes_up=up,
        bytes_down=down,
        count=nothing,
        voice_seconds=nothing,
        rat=rat,
        cost=nothing,
        has_cost=np.zeros(len(rows), bool),
        currency=rows.coded("currency"),
        apn=apn,
        imei=imei,
        subscriber=subscriber,
        network=network,
        key=Hash(len(rows)).numbers(row_id).keys(row_id),
        digest=value.texts(imei).texts(apn).texts(network.map("-".join)).numbers(rat).digest(),
        session_key=_session_key(Hash(len(rows)).texts(who).texts(session).numbers(begun), begun),
    )


def _times(rows: Rows) -> tuple[Ints, Ints]:
    begun, at = rows.instant("SessionStartUTC"), rows.instant("RecordDateUtc")
    rows.check_window(at, "RecordDateUtc")
    rows.refuse(begun > at, "SessionStartUTC", "SessionStartUTC is later than RecordDateUtc")
    return begun, at


def _check_record_type(rows: Rows) -> None:
    kinds = rows.coded("RecordType")
    wrong = kinds.numbers(lambda kind: kind.casefold() not in RECORD_TYPES) == 1
    rows.refuse(wrong, "RecordType", "RecordType is none of Start, Interim and Stop")


def _session_key(hashed: Hash, begun: Ints) -> Keys:
    return hashed.keys(begun // 1_000_000)


FORMAT = Format(SHAPE, 3, read)
