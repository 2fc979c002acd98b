"""Usage files as vendors write them, made row by row, and how a test brings one in."""

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stdnum import luhn

_OWN = "iccid,started_at,ended_at,bytes_up,bytes_down,imei,mcc,mnc,apn,rat,cost,currency"
_BICS = (
    "timestampAccount,timestamp,serviceTypeName,subServiceType,parentAccountId,accountId,endpointId,imsi,iccid,msisdn,"
    "imei,planId,addonPlanId,dynamicBenefitId,visitedOperatorName,rateZoneName,count,volumeTotal,volumeDownlink,"
    "volumeUplink,apn,ratType,revenue,revenueCurrency"
)
_CELLHIRE = (
    "SessionRowID,Msisdn,SIMSerial,SessionId,SessionStartUTC,Imsi,Imei,RecordDateUtc,RecordType,AccessPointName,"
    "OutgoingDataVolume,IncomingDataVolume,TotalDataVolume,IpAddress,MobileCountryCode,MobileNetworkCode,RatType"
)
OWN, BICS, CELLHIRE = (header.split(",") for header in (_OWN, _BICS, _CELLHIRE))

DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    """A time that many days ago, on the full second (UTC)."""
    return (datetime.now(UTC) - days * DAY).replace(microsecond=0)


def noon(days: int) -> datetime:
    """Noon UTC, that many days ago."""
    return ago(days).replace(hour=12, minute=0, second=0)


def iccid(number: int) -> str:
    """A card's number with the check digit that belongs to it."""
    body = f"8944100{number:012d}"
    return body + luhn.calc_check_digit(body)


def own_row(**values: object) -> dict[str, str]:
    row = {"iccid": iccid(1), "started_at": noon(3).isoformat(), "bytes_up": "1000", "bytes_down": "5000"}
    return {**dict.fromkeys(OWN, ""), **row, **_texts(values)}


def bics_row(**values: object) -> dict[str, str]:
    up, down = int(str(values.pop("up", 1000))), int(str(values.pop("down", 5000)))
    row = {
        "timestamp": f"{noon(3):%Y-%m-%d %H:%M:%S}",
        "serviceTypeName": "DATA",
        "subServiceType": "MO",
        "accountId": "1141",
        "endpointId": "4000001",
        "imsi": "206281000153009",
        "iccid": iccid(1),
        "msisdn": "327700040841004",
        "imei": "352099001761481",
        "planId": "DEFAULTPOST41078172",
        "visitedOperatorName": "Proximus",
        "rateZoneName": "Zone 1",
        "count": "1",
        "volumeTotal": up + down,
        "volumeDownlink": down,
        "volumeUplink": up,
        "apn": "bicsapn",
        "ratType": "LTE",
        "revenue": "0.078989999889",
        "revenueCurrency": "EUR",
    }
    row = {**row, **values}
    row["timestampAccount"] = row["timestamp"]
    return {**dict.fromkeys(BICS, ""), **_texts(row)}


def cellhire_row(number: int, at: datetime, up: int, down: int, **values: object) -> dict[str, str]:
    start = values.pop("start", noon(3))
    assert isinstance(start, datetime)
    row = {
        "SessionRowID": number,
        "Msisdn": "447700900123",
        "SIMSerial": iccid(1),
        "SessionId": "77",
        "SessionStartUTC": f"{start:%Y-%m-%dT%H:%M:%S}",
        "Imsi": "234307720130001",
        "Imei": "3520990017614801",
        "RecordDateUtc": f"{at:%Y-%m-%dT%H:%M:%S}",
        "RecordType": "Interim",
        "AccessPointName": "cellhire.iot",
        "OutgoingDataVolume": up,
        "IncomingDataVolume": down,
        "TotalDataVolume": up + down,
        "IpAddress": "10.0.0.7",
        "MobileCountryCode": "234",
        "MobileNetworkCode": "30",
        "RatType": "6",
        **values,
    }
    return {**dict.fromkeys(CELLHIRE, ""), **_texts(row)}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in values.items()}


def table(columns: Iterable[str], rows: Iterable[Mapping[str, str]], *, delimiter: str = ",", end: str = "\n") -> str:
    """A header and rows, as a vendor's exporter would write them."""
    names = list(columns)
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(delimiter.join(line) + end for line in lines)


def own(*rows: Mapping[str, str]) -> str:
    return table(OWN, rows)


def bics(*rows: Mapping[str, str]) -> str:
    return table(BICS, rows)


def cellhire(*rows: Mapping[str, str]) -> str:
    return table(CELLHIRE, rows)


def ask_for(actor: Any, content: str | bytes, *, name: str = "usage.csv", service: str = "import_usage") -> int:
    """Keep the file and ask for its import; answers the job's id."""
    from iotsim.core.registry import get
    from iotsim.core.uploads import store_upload

    data = content.encode() if isinstance(content, str) else content
    upload = store_upload(actor, name=name, content=io.BytesIO(data), size_bytes=len(data))
    return int(get(service)(actor, upload_id=upload.id).id)


def bring_in(actor: Any, content: str | bytes, *, name: str = "usage.csv", service: str = "import_usage") -> Any:
    """Bring a file in as the worker does, in this process; answers the job afterwards."""
    from iotsim.core.jobs import run_job
    from iotsim.core.services import get_job

    job_id = ask_for(actor, content, name=name, service=service)
    run_job(actor.organization_id, job_id)
    return get_job(actor, job=job_id)
