"""Rows of SIMs, devices, tags and status changes for a block of a demo fleet (pure: ids are given)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from sims.cycles import cycle_start
from sims.demo import history, identity, naming
from sims.demo.archetypes import PLANS, SAFETY_CRITICAL_KINDS
from sims.demo.clock import Clock
from sims.demo.draws import KINDS, REASONS, STATUSES
from sims.demo.fleet import Fleet
from sims.demo.places import COUNTRIES
from sims.demo.records import Devices, Records, Sums

IN_STOCK: Final = STATUSES.index("inventory")
OWN_QUOTA_SHARE: Final = 0.02
SEEN_AT: Final = 18 * 3600  # when SIMs were last seen on days without records

SIM_COLUMNS: Final = {
    "id": "bigint", "iccid": "text", "imsi": "text", "msisdn": "text", "eid": "text", "imei": "text",
    "label": "text", "customer_id": "bigint", "device_id": "bigint", "plan_id": "bigint",
    "operator_id": "bigint", "country": "text", "status": "text", "status_reason": "text",
    "status_changed_at": "timestamptz", "safety_critical": "boolean", "quota_bytes": "bigint",
    "cycle_bytes": "bigint", "cycle_start_date": "date", "cycle_as_of": "timestamptz",
    "activated_at": "timestamptz", "last_seen_at": "timestamptz", "created_at": "timestamptz",
}  # fmt: skip
DEVICE_COLUMNS: Final = {
    "id": "bigint", "name": "text", "kind": "text", "imei": "text", "customer_id": "bigint",
    "safety_critical": "boolean",
}  # fmt: skip
TAG_COLUMNS: Final = {"sim_id": "bigint", "tag_id": "bigint"}
CHANGE_COLUMNS: Final = {
    "sim_id": "bigint", "from_status": "text", "to_status": "text", "reason": "text", "note": "text",
    "state": "text", "batch": "uuid", "who": "text", "user_id": "bigint", "face": "text",
    "requested_at": "timestamptz", "settled_at": "timestamptz",
}  # fmt: skip


class Person(NamedTuple):
    """Who the history says asked for a change."""

    email: str
    user_id: int | None


@dataclass
class Links:
    """Ids of what SIMs are linked to, in the order the fleet counts them."""

    customers: list[int]
    plans: list[int]
    tags: list[int]
    operators: list[int]


@dataclass
class Contents:
    """Everything about the SIMs of a fleet but their use."""

    fleet: Fleet
    clock: Clock
    iccid: NDArray[np.str_]
    imsi: NDArray[np.str_]
    msisdn: NDArray[np.str_]
    eid: list[str]
    label: list[str]
    devices: Devices
    imei: NDArray[np.str_]
    created: list[int]
    own_quota: NDArray[np.bool_]
    tags: NDArray[np.int64]  # (SIM, tag), ordered by SIM

    @classmethod
    def of(cls, fleet: Fleet, clock: Clock) -> "Contents":
        devices = Devices(fleet, identity.imeis(fleet))
        return cls(
            fleet=fleet,
            clock=clock,
            iccid=identity.iccids(fleet),
            imsi=identity.imsis(fleet),
            msisdn=identity.msisdns(fleet),
            eid=identity.eids(fleet, np.random.default_rng([fleet.seed, 9])),
            label=naming.labels(fleet),
            devices=devices,
            imei=devices.at_end(fleet.days),
            created=history.created_days(fleet),
            own_quota=np.random.default_rng([fleet.seed, 10]).random(fleet.size) < OWN_QUOTA_SHARE,
            tags=naming.tags_of_each(fleet),
        )

    def device_rows(self, start: int, ids: list[int | None], links: Links) -> Iterator[tuple[Any, ...]]:
        """One device for every SIM that is not in stock."""
        for sim, device in enumerate(ids, start):
            if device is not None:
                kind, label = KINDS[self.fleet.kind[sim]], self.label[sim]
                customer = links.customers[self.fleet.customer[sim]]
                name = naming.device_name(kind, label)
                yield device, name, kind, str(self.imei[sim]), customer, kind in SAFETY_CRITICAL_KINDS

    def sim_rows(
        self,
        start: int,
        ids: list[int],
        device_ids: list[int | None],
        links: Links,
        changes: Mapping[int, history.Step],
        cycle: "CycleSums",
    ) -> Iterator[tuple[Any, ...]]:
        """SIM rows in the order of SIM_COLUMNS; `changes` is each SIM's last step."""
        fleet, clock = self.fleet, self.clock
        for place, (pk, device) in enumerate(zip(ids, device_ids, strict=True)):
            sim = start + place
            stock = device is None
            kind, change = KINDS[fleet.kind[sim]], changes.get(sim)
            created = clock.at(self.created[sim], 9 * 3600)
            first = int(fleet.first_day[sim])
            yield (
                pk, str(self.iccid[sim]), str(self.imsi[sim]), str(self.msisdn[sim]), self.eid[sim],
                "" if stock else str(self.imei[sim]), "" if stock else self.label[sim],
                None if stock else links.customers[fleet.customer[sim]], device,
                None if stock else links.plans[fleet.plan[sim]], links.operators[fleet.operator[sim]],
                COUNTRIES[fleet.country[sim]].code, fleet.status_name(sim), REASONS[fleet.reason[sim]],
                clock.at(change.day, change.second) if change else created,
                not stock and kind in SAFETY_CRITICAL_KINDS, self._quota(sim, stock=stock),
                int(cycle.bytes[place]), cycle.start[place], clock.as_of,
                clock.at(first, 60) if first < fleet.days else None, cycle.last_seen[place], created,
            )  # fmt: skip

    def _quota(self, sim: int, *, stock: bool) -> int | None:
        if stock or not self.own_quota[sim]:
            return None
        return PLANS[self.fleet.plan[sim]].quota_mb * 2_000_000

    def change_rows(
        self, ids: list[int], steps: list[history.Step], start: int, manager: Person
    ) -> Iterator[tuple[Any, ...]]:
        """Status changes, confirmed at once as the manual carrier does."""
        batches = np.random.default_rng([self.fleet.seed, 11, start]).bytes(16 * len(steps))
        for number, step in enumerate(steps):
            asked = step.reason == "user"
            at = self.clock.at(step.day, step.second)
            batch = UUID(bytes=batches[16 * number : 16 * number + 16], version=4)
            yield (
                ids[step.sim - start], step.from_status, step.to_status, step.reason,
                history.NOTES[step.reason], "confirmed", batch, manager.email if asked else "iotsim",
                manager.user_id if asked else None, "web" if asked else "system", at, at,
            )  # fmt: skip

    def tag_rows(self, ids: list[int], start: int, links: Links) -> Iterator[tuple[int, int]]:
        low, high = np.searchsorted(self.tags[:, 0], [start, start + len(ids)])
        for sim, tag in self.tags[low:high].tolist():
            yield ids[sim - start], links.tags[tag]


@dataclass
class CycleSums:
    """Of each SIM in a block: bytes of its cycle, the cycle's first day, and when it was last seen."""

    bytes: NDArray[np.int64]
    start: list[date]
    last_seen: list[datetime | None]


def cycle_sums(contents: Contents, start: int, sums: Sums, records: Records) -> CycleSums:
    """As the daily sums and the records of the last days have it."""
    fleet, count = contents.fleet, sums.up.shape[1]
    total = sums.up + sums.down
    starts = [cycle_start(fleet.end_date, plan.billing_day) for plan in PLANS]
    month = fleet.end_date.replace(day=1)  # without a plan, as in stock, the cycle is the month
    part = slice(start, start + count)
    stock = fleet.status[part] == IN_STOCK
    begun = [month if idle else starts[plan] for idle, plan in zip(stock, fleet.plan[part], strict=True)]
    first = np.array([(day - fleet.start_date).days for day in begun])
    running = np.arange(fleet.days)[:, None] >= first
    return CycleSums((total * running).sum(axis=0), begun, _last_seen(contents.clock, start, total, records))


def _last_seen(clock: Clock, start: int, total: NDArray[np.int64], records: Records) -> list[datetime | None]:
    days, count = total.shape
    used = total > 0
    last = days - 1 - used[::-1].argmax(axis=0)
    seconds = np.zeros(count, dtype=np.int64)
    np.maximum.at(seconds, records.sim - start, records.ended)
    ever: NDArray[np.bool_] = np.any(used, axis=0)
    found: list[datetime | None] = []
    for place in range(count):
        second = int(seconds[place])
        at = datetime.fromtimestamp(second, UTC) if second else clock.at(int(last[place]), SEEN_AT + place % 3600)
        found.append(at if ever[place] else None)
    return found
