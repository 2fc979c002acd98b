"""One thing worth doing, as a finder hands it over to be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from analytics.models.anomalies import SEVERITIES

STEP: Final = 1_000_000  # between the ranks of two severities


@dataclass(frozen=True)
class Found:
    """See `analytics.models.Suggestion`. `order` sorts those of one severity, the smaller first."""

    key: str
    kind: str
    severity: str
    order: int
    facts: Mapping[str, Any]
    button: str
    link: str
    expires_at: datetime
    for_all: bool = True
    sim_id: int | None = None
    customer_id: int | None = None
    object_id: int | None = None
    user_id: int | None = None
    offer: Mapping[str, Any] | None = None
    stamp: str = ""
    weight: float = 1.0
    as_of: datetime | None = field(default=None, compare=False)

    @property
    def rank(self) -> int:
        return SEVERITIES.index(self.severity) * STEP + min(max(self.order, 0), STEP - 1)
