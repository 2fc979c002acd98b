"""A BICS usage file for measuring: many rows, always the same for the same numbers.

python -m bench.bics --rows 1000000 --sims 20000 --days 30 usage.csv
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

NETWORKS = ["Proximus", "Orange France", "Vodafone Germany", "Movistar Spain", "KPN", "T-Mobile Poland", "Telia Sweden"]
RATS = ["LTE", "LTE-M", "NB-IoT", "2G", "3G"]
LATE = 0.02  # the share of rows that come up to three days out of order


def iccids(sims: int) -> list[str]:
    """The cards in the file: 19 digits, the last of them Luhn's."""
    from stdnum import luhn

    bodies = (f"8932042{number:011d}" for number in range(sims))
    return [body + luhn.calc_check_digit(body) for body in bodies]


def write(path: Path, *, rows: int, sims: int, days: int, seed: int = 1, end: datetime | None = None) -> None:
    """Write the file: data sessions of `sims` SIMs over the `days` before `end` (UTC midnight of today)."""
    end = end or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rng = np.random.default_rng(seed)
    span = days * 86_400
    seconds = np.sort(rng.integers(0, span, rows))
    late = rng.random(rows) < LATE
    seconds[late] = np.clip(seconds[late] - rng.integers(0, 3 * 86_400, late.sum()), 0, span - 1)
    start = int((end - timedelta(days=days)).timestamp())
    times = pa.array((seconds + start) * 1_000_000, pa.timestamp("us")).cast(pa.timestamp("s")).cast(pa.string())
    sim = rng.integers(0, sims, rows)
    up = rng.gamma(0.6, 30_000, rows).astype(np.int64)
    down = rng.gamma(0.6, 120_000, rows).astype(np.int64)
    table = pa.table(_columns(rng, times, sim, sims, up, down))
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    pyarrow.csv.write_csv(table, path, options)


def _columns(
    rng: np.random.Generator,
    times: pa.Array,
    sim: np.ndarray,
    sims: int,
    up: np.ndarray,
    down: np.ndarray,
) -> dict[str, pa.Array]:
    rows = len(sim)

    def per_sim(values: list[str]) -> pa.Array:
        return pa.array(values).take(pa.array(sim))

    def constant(value: str) -> pa.Array:
        return pa.repeat(pa.scalar(value), rows)

    def one_of(values: list[str]) -> pa.Array:
        return pa.array(values).take(pa.array(rng.integers(0, len(values), rows)))

    return {
        "timestampAccount": times,
        "timestamp": times,
        "serviceTypeName": constant("DATA"),
        "subServiceType": constant("MO"),
        "parentAccountId": constant("1000"),
        "accountId": constant("1141"),
        **{name: per_sim(values) for name, values in _identities(sims).items()},
        "planId": constant("DEFAULTPOST41078172"),
        "addonPlanId": constant(""),
        "dynamicBenefitId": constant(""),
        "visitedOperatorName": one_of(NETWORKS),
        "rateZoneName": constant("Zone 1"),
        "count": constant("1"),
        "volumeTotal": pa.array(up + down).cast(pa.string()),
        "volumeDownlink": pa.array(down).cast(pa.string()),
        "volumeUplink": pa.array(up).cast(pa.string()),
        "apn": constant("bicsapn"),
        "ratType": one_of(RATS),
        "revenue": pa.array(np.round((up + down) * 4e-9, 9)).cast(pa.string()),
        "revenueCurrency": constant("EUR"),
    }


def _identities(sims: int) -> dict[str, list[str]]:
    numbers = range(sims)
    return {
        "endpointId": [f"{4_000_000 + one}" for one in numbers],
        "imsi": [f"20628{one:010d}" for one in numbers],
        "iccid": iccids(sims),
        "msisdn": [f"3277{one:011d}" for one in numbers],
        "imei": [f"35209900{one:06d}0" for one in numbers],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a BICS usage file for measuring.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sims", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    write(options.path, rows=options.rows, sims=options.sims, days=options.days)


if __name__ == "__main__":
    main()
