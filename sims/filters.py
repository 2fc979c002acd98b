"""The one meaning of a filter over SIMs, for the list, for bulk work and for whoever counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.wording import size
from sims.lifecycle import Status
from sims.models import Sim, SimTag
from sims.naming import find_customer, find_operator_ids, find_plan, find_tag

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

MIN_SEARCH = 2
SILENT_AFTER = timedelta(days=7)
NEAR_QUOTA = 80  # percent

# The quota that applies, for filters over rows annotated with it.
QUOTA = Coalesce("quota_bytes", "plan__quota_bytes")
OVER_QUOTA = Q(quota__gt=0, cycle_bytes__gt=F("quota"))
NEARLY_OVER = Q(quota__gt=0, cycle_bytes__lte=F("quota"), cycle_bytes__gte=F("quota") * NEAR_QUOTA / 100)


def silent() -> Q:
    """Active, and not seen for a week or ever."""
    unseen = Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=timezone.now() - SILENT_AFTER)
    return Q(status=Status.ACTIVE) & unseen


@dataclass(frozen=True)
class SimFilter:
    """What a SIM must be to fit: every part that is given must hold. Usage in bytes of the current billing cycle."""

    status: Sequence[str] | None = None
    min_usage: int | None = None
    max_usage: int | None = None
    operator: str | None = None
    country: str | None = None
    plan: str | None = None
    tag: str | None = None
    customer: str | None = None
    search: str | None = None
    attention: str | None = None

    @property
    def is_empty(self) -> bool:
        return all(value in (None, [], "") for value in vars(self).values())

    def rows(self, actor: Actor) -> "SimQuerySet":
        """The SIMs that fit, among those the actor may see. Raises NotFound for a name that does not exist."""
        self._check()
        rows = Sim.objects.for_actor(actor)
        if self.status:
            rows = rows.filter(status__in=self.status)
        if self.min_usage is not None:
            rows = rows.filter(cycle_bytes__gte=self.min_usage)
        if self.max_usage is not None:
            rows = rows.filter(cycle_bytes__lte=self.max_usage)
        if self.country:
            rows = rows.filter(country=self.country)
        return self._search(self._needing(self._named(rows, actor)))

    def _needing(self, rows: "SimQuerySet") -> "SimQuerySet":
        if self.attention == "silent":
            return rows.filter(silent())
        if self.attention:
            return rows.annotate(quota=QUOTA).filter(OVER_QUOTA if self.attention == "over_quota" else NEARLY_OVER)
        return rows

    def _named(self, rows: "SimQuerySet", actor: Actor) -> "SimQuerySet":
        if self.operator:
            rows = rows.filter(operator_id__in=find_operator_ids(self.operator))
        if self.plan:
            rows = rows.filter(plan=find_plan(actor, self.plan))
        if self.customer:
            rows = rows.filter(customer=find_customer(actor, self.customer))
        if self.tag:
            tagged = SimTag.objects.filter(
                organization_id=actor.organization_id, tag=find_tag(actor, self.tag), sim_id=OuterRef("pk")
            )
            rows = rows.filter(Exists(tagged))
        return rows

    def _search(self, rows: "SimQuerySet") -> "SimQuerySet":
        needle = " ".join((self.search or "").split())
        if not needle:
            return rows
        return rows.filter(pk__in=RawSQL("SELECT sims_matching(%s)", [needle]))

    def _check(self) -> None:
        if self.min_usage is not None and self.max_usage is not None and self.min_usage > self.max_usage:
            raise Invalid(
                f"The smallest usage ({size(self.min_usage)}) is above the largest ({size(self.max_usage)}).",
                field="min_usage",
            )
        if self.search and len(self.search.strip()) < MIN_SEARCH:
            raise Invalid(f"Search for at least {MIN_SEARCH} characters.", field="search")

    def words(self) -> str:
        """The filter in words, to stand behind "SIMs": "active, over 5 GB, on Orange"."""
        parts = [" or ".join(state.replace("_", " ") for state in self.status or [])]
        if self.min_usage is not None:
            parts.append(f"using {size(self.min_usage)} or more" if self.min_usage else "")
        if self.max_usage is not None:
            parts.append(f"using at most {size(self.max_usage)}")
        parts += [
            f"on {self.operator}" if self.operator else "",
            f"in {self.country}" if self.country else "",
            f"on plan {self.plan}" if self.plan else "",
            f"tagged {self.tag}" if self.tag else "",
            f"of {self.customer}" if self.customer else "",
            f"matching {self.search}" if self.search else "",
            (self.attention or "").replace("_", " "),
        ]
        return ", ".join(part for part in parts if part)
