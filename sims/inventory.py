"""A block of a SIM list into the database: new SIMs are added, known ones get the values that the list has for them.

Status is set for new SIMs only: what a known SIM may become is decided by the lifecycle and its carrier, not by a
list. Customers and tags that are not there yet are made; a plan is not, since a list says nothing of its price.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from django.db import connection
from django.db.models.functions import Lower
from django.utils import timezone
from psycopg import sql

from sims import bulk, world
from sims.formats.batch import Network, Subscriber
from sims.formats.inventory import Cards
from sims.intake.attach import attach_unknown
from sims.intake.cards import UNKNOWN
from sims.intake.cards import Cards as KnownCards
from sims.intake.days import Ints
from sims.intake.networks import Networks, Place
from sims.lifecycle import Reason, Status
from sims.models import ChangeState, Customer, Plan, Tag

_STAGE = (
    "sim_id bigint, is_new boolean DEFAULT false, iccid text, imsi text, msisdn text, eid text, imei text, label text, "
    "customer_id bigint, plan_id bigint, operator_id bigint, country text, status text"
)
MOST_REMARKS = 20

Named = TypeVar("Named", Customer, Plan, Tag)


@dataclass
class CardsWritten:
    """`added` and `updated` are SIM ids; the rest are counts of rows, and remarks with the rows they concern."""

    added: list[int] = field(default_factory=list)
    updated: set[int] = field(default_factory=set)
    unchanged: int = 0
    attached: int = 0
    remarks: Counter[str] = field(default_factory=Counter)

    def add(self, other: "CardsWritten") -> None:
        self.added += other.added
        self.updated |= other.updated
        self.unchanged += other.unchanged
        self.attached += other.attached
        self.remarks += other.remarks


def write_cards(organization_id: int, cards: Cards, networks: Networks, *, who: str, face: str) -> CardsWritten:
    """Write the rows. Inside `writing_usage`, because usage kept for these SIMs is attached to them."""
    written = CardsWritten()
    while len(cards):
        first = np.zeros(len(cards), bool)
        first[np.unique(cards.iccid.codes, return_index=True)[1]] = True
        written.add(_write(organization_id, cards.take(first), networks, who, face))
        cards = cards.take(~first)  # a card that stands twice: its later row is an update of the first
    return written


def _write(organization_id: int, cards: Cards, networks: Networks, who: str, face: str) -> CardsWritten:
    written = CardsWritten()
    found = KnownCards(organization_id).find([Subscriber(iccid, "") for iccid in cards.iccid.values])
    sim_id = found[cards.iccid.codes]
    with bulk.staging("card_stage", _STAGE) as stage:
        bulk.copy_in(stage, _columns(organization_id, cards, sim_id, networks, written))
        written.added = _insert(organization_id, stage, who, face)
        reidentified = _update(organization_id, stage, written)
        _tag(organization_id, stage, cards, written)
    written.unchanged = int((sim_id != UNKNOWN).sum()) - len(written.updated)
    written.attached = attach_unknown(organization_id, written.added + reidentified)
    return written


def _columns(
    organization_id: int, cards: Cards, sim_id: Ints, networks: Networks, written: CardsWritten
) -> dict[str, bulk.Column]:
    known = sim_id != UNKNOWN
    places = _places(cards, networks, written)
    operator = np.array([one.operator_id for one in places], np.int64)
    customers = _made(Customer, organization_id, cards.customer.values)
    customer = cards.customer.numbers(lambda name: customers[name.casefold()])
    plans = _ids(Plan, organization_id, cards.plan.values)
    plan = cards.plan.numbers(lambda name: plans.get(name.casefold(), 0))
    for code, name in enumerate(cards.plan.values):
        if name and name.casefold() not in plans:
            _remark(written, f"The plan {name} is not known, so it was left out", cards.plan.codes == code)
    states = cards.status.numbers(lambda status: status != "") == 1
    _remark(written, "The status of SIMs that are known already was left as it is", states & known)
    return {
        "sim_id": bulk.bigint(sim_id, known),
        **{
            name: bulk.Texts(getattr(cards, name).codes, getattr(cards, name).values)
            for name in ("iccid", "imsi", "msisdn", "eid", "imei", "label", "status")
        },
        "customer_id": bulk.bigint(customer, customer > 0),
        "plan_id": bulk.bigint(plan, plan > 0),
        "operator_id": bulk.bigint(operator, operator > 0),
        "country": bulk.texts([one.country for one in places]),
    }


def _places(cards: Cards, networks: Networks, written: CardsWritten) -> list[Place]:
    """Each row's operator: as the list says, else where the IMSI is from."""
    named = [networks.find(network) for network in cards.network.values]
    for code, (network, place) in enumerate(zip(cards.network.values, named, strict=True)):
        if network != Network() and not place.operator_id:
            name = network.name or f"{network.mcc}-{network.mnc}"
            _remark(written, f"The operator {name} is not known, so it was left out", cards.network.codes == code)
    home = [_home(imsi, networks) for imsi in cards.imsi.values]
    return [
        named[network] if named[network].operator_id else home[imsi]
        for network, imsi in zip(cards.network.codes, cards.imsi.codes, strict=True)
    ]


def _home(imsi: str, networks: Networks) -> Place:
    plmn = world.plmn_of_imsi(imsi) if imsi else None
    return networks.find(Network(*plmn)) if plmn else Place()


def _remark(written: CardsWritten, sentence: str, rows: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> None:
    if rows.any() and (sentence in written.remarks or len(written.remarks) < MOST_REMARKS):
        written.remarks[sentence] += int(rows.sum())


def _ids(model: type[Named], organization_id: int, names: Iterable[str]) -> dict[str, int]:
    """The ids of things by case-folded name; unknown names are left out, "" is 0."""
    wanted = {name.casefold(): name for name in names if name}
    rows = model.objects.filter(organization_id=organization_id).annotate(lower=Lower("name"))
    found = rows.filter(lower__in=list(wanted)).values_list("name", "pk")
    known = {name.casefold(): pk for name, pk in found}
    return {lower: known[lower] for lower in wanted if lower in known} | {"": 0}


def _made(model: type[Named], organization_id: int, names: Iterable[str]) -> dict[str, int]:
    """The same, the missing ones being made."""
    different = {name.casefold(): name for name in names if name}
    missing = different.keys() - _ids(model, organization_id, different).keys()
    rows = [model(organization_id=organization_id, name=different[name]) for name in sorted(missing)]
    model.objects.bulk_create(rows)
    return _ids(model, organization_id, names)


def _insert(organization_id: int, stage: sql.Identifier, who: str, face: str) -> list[int]:
    """Add the SIMs that are not known, and note the status they come with."""
    values: dict[str, Any] = {
        "organization": organization_id,
        "inventory": Status.INVENTORY.value,
        "ready": Status.TEST_READY.value,
        "reason": Reason.IMPORT.value,
        "confirmed": ChangeState.CONFIRMED.value,
        "who": who,
        "face": face,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_INSERT).format(stage=stage), values)
        added = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            sql.SQL(
                "UPDATE {} t SET sim_id = s.id, is_new = true FROM sims_sim s "
                "WHERE t.sim_id IS NULL AND s.organization_id = {} AND s.iccid = t.iccid"
            ).format(stage, organization_id)
        )
        cursor.execute(sql.SQL(_NOTE_STATUS).format(stage=stage), values)
    return added


_INSERT = """
INSERT INTO sims_sim (organization_id, iccid, imsi, msisdn, eid, imei, label, customer_id, plan_id, operator_id,
    country, status, status_reason, status_changed_at, safety_critical, cycle_bytes, activated_at, created_at)
SELECT %(organization)s, iccid, imsi, msisdn, eid, imei, label, customer_id, plan_id, operator_id,
    country, coalesce(nullif(status, ''), %(inventory)s), %(reason)s, %(now)s, false, 0,
    CASE WHEN status NOT IN ('', %(inventory)s, %(ready)s) THEN %(now)s END, %(now)s
FROM {stage} WHERE sim_id IS NULL RETURNING id
"""
_NOTE_STATUS = """
INSERT INTO sims_statuschange (organization_id, sim_id, from_status, to_status, reason, note, state, batch, who,
    user_id, face, requested_at, settled_at)
SELECT %(organization)s, sim_id, %(inventory)s, status, %(reason)s, '', %(confirmed)s, gen_random_uuid(), %(who)s,
    NULL, %(face)s, %(now)s, %(now)s
FROM {stage} WHERE is_new AND status NOT IN ('', %(inventory)s)
"""


# A value that the list leaves empty stays as it is. Where a SIM was seen last counts more than where its IMSI is from.
_NEW_VALUES = """
    SELECT s.id, s.imsi AS old_imsi,
        coalesce(nullif(t.imsi, ''), s.imsi) AS imsi, coalesce(nullif(t.msisdn, ''), s.msisdn) AS msisdn,
        coalesce(nullif(t.eid, ''), s.eid) AS eid, coalesce(nullif(t.imei, ''), s.imei) AS imei,
        coalesce(nullif(t.label, ''), s.label) AS label, coalesce(t.customer_id, s.customer_id) AS customer_id,
        coalesce(t.plan_id, s.plan_id) AS plan_id,
        CASE WHEN s.last_seen_at IS NULL THEN coalesce(t.operator_id, s.operator_id) ELSE s.operator_id END
            AS operator_id,
        CASE WHEN s.last_seen_at IS NULL AND t.country <> '' THEN t.country ELSE s.country END AS country
    FROM sims_sim s JOIN {stage} t ON t.sim_id = s.id
    WHERE s.organization_id = {organization} AND NOT t.is_new
    ORDER BY s.id FOR NO KEY UPDATE OF s
"""
_UPDATE = """
WITH wanted AS MATERIALIZED ({new_values})
UPDATE sims_sim s SET imsi = w.imsi, msisdn = w.msisdn, eid = w.eid, imei = w.imei, label = w.label,
    customer_id = w.customer_id, plan_id = w.plan_id, operator_id = w.operator_id, country = w.country
FROM wanted w
WHERE s.organization_id = {organization} AND s.id = w.id
    AND (s.imsi, s.msisdn, s.eid, s.imei, s.label, s.customer_id, s.plan_id, s.operator_id, s.country)
    IS DISTINCT FROM (w.imsi, w.msisdn, w.eid, w.imei, w.label, w.customer_id, w.plan_id, w.operator_id, w.country)
RETURNING s.id, s.imsi <> w.old_imsi
"""


def _update(organization_id: int, stage: sql.Identifier, written: CardsWritten) -> list[int]:
    """Give known SIMs the values that the list has. Answers those whose IMSI became another."""
    new_values = sql.SQL(_NEW_VALUES).format(stage=stage, organization=organization_id)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_UPDATE).format(new_values=new_values, organization=organization_id))
        rows = cursor.fetchall()
    written.updated |= {row[0] for row in rows}
    return [row[0] for row in rows if row[1]]


def _tag(organization_id: int, stage: sql.Identifier, cards: Cards, written: CardsWritten) -> None:
    """Add the tags of the list; none is taken away."""
    tags = _made(Tag, organization_id, [name for names in cards.tags.values for name in names])
    pairs = [
        (cards.iccid.values[iccid], tags[name.casefold()])
        for iccid, code in zip(cards.iccid.codes, cards.tags.codes, strict=True)
        for name in cards.tags.values[code]
    ]
    if not pairs:
        return
    with bulk.staging("card_tags", "iccid text, tag_id bigint") as table, connection.cursor() as cursor:
        columns: dict[str, bulk.Column] = {
            "iccid": bulk.texts([iccid for iccid, _ in pairs]),
            "tag_id": bulk.bigint(np.array([tag for _, tag in pairs], np.int64)),
        }
        bulk.copy_in(table, columns)
        cursor.execute(
            sql.SQL(
                "INSERT INTO sims_simtag (organization_id, sim_id, tag_id) "
                "SELECT DISTINCT {organization}, t.sim_id, g.tag_id FROM {tags} g JOIN {stage} t ON t.iccid = g.iccid "
                "ON CONFLICT (organization_id, tag_id, sim_id) DO NOTHING RETURNING sim_id"
            ).format(organization=organization_id, tags=table, stage=stage)
        )
        written.updated |= {row[0] for row in cursor.fetchall()} - set(written.added)
