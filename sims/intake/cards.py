"""Which SIM a row is about: by ICCID, with or without its check digit; by IMSI where the file names no card."""

from collections.abc import Sequence

import numpy as np
from django.db import connection

from sims.formats.batch import Subscriber
from sims.identifiers import iccid_forms
from sims.intake.days import Ints

UNKNOWN = 0
_BY_ICCID = "SELECT iccid, id FROM sims_sim WHERE organization_id = %s AND iccid = ANY(%s)"
_BY_IMSI = "SELECT imsi, id FROM sims_sim WHERE organization_id = %s AND imsi = ANY(%s)"
MOST_REMEMBERED = 1 << 20


class Cards:
    """Finds SIMs and remembers them. Unknown ones are asked for again, since they may appear at any time."""

    def __init__(self, organization_id: int) -> None:
        self._organization_id = organization_id
        self._known: dict[Subscriber, int] = {}

    def find(self, subscribers: Sequence[Subscriber]) -> Ints:
        """The SIM ids, UNKNOWN where there is none. Inside the tenant's transaction."""
        missing = [one for one in subscribers if one not in self._known]
        if len(self._known) + len(missing) > MOST_REMEMBERED:
            self._known.clear()
            missing = list(subscribers)
        self._known.update(self._look_up(missing))
        return np.array([self._known.get(one, UNKNOWN) for one in subscribers] or [UNKNOWN], np.int64)

    def _look_up(self, subscribers: list[Subscriber]) -> dict[Subscriber, int]:
        by_card = self._by_iccid({one.iccid for one in subscribers if one.iccid})
        by_imsi = self._by_imsi({one.imsi for one in subscribers if not one.iccid})
        found = {one: by_card.get(one.iccid) if one.iccid else by_imsi.get(one.imsi) for one in subscribers}
        return {one: sim_id for one, sim_id in found.items() if sim_id}

    def _by_iccid(self, iccids: set[str]) -> dict[str, int]:
        found = dict(self._rows(_BY_ICCID, iccids))
        forms = {iccid: iccid_forms(iccid)[1:] for iccid in iccids - found.keys()}
        others = dict(self._rows(_BY_ICCID, {form for several in forms.values() for form in several}))
        for iccid, several in forms.items():
            fitting = [others[form] for form in several if form in others]
            if fitting:
                found[iccid] = fitting[0]
        return found

    def _by_imsi(self, imsis: set[str]) -> dict[str, int]:
        """An IMSI that stands at several SIMs names none of them."""
        found: dict[str, int] = {}
        shared: set[str] = set()
        for imsi, sim_id in self._rows(_BY_IMSI, imsis):
            shared |= {imsi} & found.keys()
            found[imsi] = sim_id
        return {imsi: sim_id for imsi, sim_id in found.items() if imsi not in shared}

    def _rows(self, query: str, values: set[str]) -> list[tuple[str, int]]:
        if not values:
            return []
        with connection.cursor() as cursor:
            cursor.execute(query, [self._organization_id, sorted(values)])
            return [(value, sim_id) for value, sim_id in cursor.fetchall()]
