"""Vendors whose rows are plain records, told by `declared` (pure; no Django).

**Soracom air stats**, by day (users.soracom.io, air stats CSV): bytes, whole days of UTC as YYYYMMDD, a row per SIM,
day and speed class; after the fixed columns come those of the tags, which differ from file to file. A day's row grows
until the day is over, so the later one corrects the earlier. Rows of whole months are refused: a month says nothing
of its days. Upload is from the SIM.

**Telnyx wireless detail records** (developers.telnyx.com, WDR): bytes; a session of `duration_seconds` from
`created_at` on, UTC; `id` is the record's own. Costs are in US dollars unless a column says so. `rate` is a price.

**emnify and 1NCE usage** (docs.emnify.com, data streamer; help.1nce.com, usage records): JSON, an object a line;
volumes in megabytes of 1,000,000 bytes with six decimals, so that every byte is told; tx is from the SIM, rx to it.
Records are deltas: each is what was used since the one before. `id` is the record's own, times are UTC. An SMS record
counts as one message.
"""

from sims.formats.declared import Columns, Reading, declared
from sims.formats.header import Shape
from sims.formats.names import TITLES

SORACOM = declared(
    Shape(
        "soracom",
        TITLES["soracom"],
        required=("imsi", "date", "type", "uploadByteSizeTotal", "downloadByteSizeTotal"),
        optional=("uploadPacketCountTotal", "downloadPacketCountTotal"),
    ),
    4,
    Reading(
        Columns(imsi="imsi", started_at="date", bytes_up="uploadByteSizeTotal", bytes_down="downloadByteSizeTotal"),
        times="day",
        also_key=("type",),
        sessions=0,
    ),
)
TELNYX = declared(
    Shape(
        "telnyx",
        TITLES["telnyx"],
        required=("id", "created_at", "downlink_data", "uplink_data", "duration_seconds", "imsi", "sim_card_id"),
        optional=(
            "cost", "currency", "mcc", "mnc", "phone_number", "rate", "record_type", "sim_group_id", "sim_group_name",
        ),
    ),
    5,
    Reading(
        Columns(
            imsi="imsi", started_at="created_at", seconds="duration_seconds", bytes_up="uplink_data",
            bytes_down="downlink_data", record_id="id", cost="cost", currency="currency", mcc="mcc", mnc="mnc",
        ),
        currency="USD",
    ),
)  # fmt: skip
EMNIFY = declared(
    Shape(
        "emnify",
        TITLES["emnify"],
        required=("id", "start_timestamp", "end_timestamp", "volume.total", "sim.iccid"),
        optional=(
            "imsi", "cost", "currency.code", "volume.rx", "volume.tx", "traffic_type.description", "operator.name",
            "operator.mnc", "operator.country.mcc", "endpoint.imei", "sim.id", "sim.msisdn", "endpoint.id",
            "endpoint.name", "traffic_type.id",
        ),
    ),
    6,
    Reading(
        Columns(
            iccid="sim.iccid", imsi="imsi", started_at="start_timestamp", ended_at="end_timestamp",
            bytes_up="volume.tx", bytes_down="volume.rx", bytes_total="volume.total", record_id="id",
            traffic="traffic_type.description", cost="cost", currency="currency.code", imei="endpoint.imei",
            mcc="operator.country.mcc", mnc="operator.mnc",
        ),
        unit_bytes=1_000_000,
    ),
)  # fmt: skip
