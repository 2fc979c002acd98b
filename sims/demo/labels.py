"""What is known to be wrong with the demo fleet, for evaluation only: nothing in the product reads it."""

import csv
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np

from sims.demo.archetypes import ARCHETYPES
from sims.demo.events import Kind
from sims.demo.fleet import Fleet

COLUMNS: Final = ("iccid", "kind", "start_date", "end_date", "anomaly", "detail")


def write_labels(path: Path, fleet: Fleet, iccids: Sequence[str]) -> int:
    """Write one row an event as CSV; answers how many. Dates are local days, both included."""
    rows = [*_events(fleet, iccids), *_states(fleet, iccids), *_campaigns(fleet)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return len(rows)


def _row(fleet: Fleet, iccid: str, kind: Kind, start: int, end: int, detail: str) -> list[str]:
    first = fleet.start_date + timedelta(days=start)
    last = fleet.start_date + timedelta(days=max(end - 1, start))
    return [iccid, kind.name.lower(), first.isoformat(), last.isoformat(), str(int(kind.is_anomaly)), detail]


def _events(fleet: Fleet, iccids: Sequence[str]) -> Iterator[list[str]]:
    for event in fleet.events:
        size = f"{float(event['size']):.6g}"
        kind = Kind(event["kind"])
        yield _row(fleet, iccids[int(event["sim"])], kind, int(event["start"]), int(event["end"]), size)


def _states(fleet: Fleet, iccids: Sequence[str]) -> Iterator[list[str]]:
    for kind, mask in ((Kind.UNUSED, fleet.unused), (Kind.BORDER_ROAMING, fleet.border)):
        for sim in np.flatnonzero(mask).tolist():
            yield _row(fleet, iccids[sim], kind, 0, fleet.days, "")


def _campaigns(fleet: Fleet) -> Iterator[list[str]]:
    """Firmware campaigns belong to a hardware model: the detail names its type allocation code."""
    for campaign in fleet.campaigns:
        tac = ARCHETYPES[campaign.archetype].tacs[campaign.model]
        end = min(campaign.start + campaign.spread, fleet.days)
        yield _row(fleet, "", Kind.FIRMWARE, campaign.start, end, f"tac {tac}")
