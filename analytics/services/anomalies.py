"""Anomalies: what was found, and what people say of it."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from django.db.models import Count
from pydantic import BaseModel, BeforeValidator, Field

from analytics.charts.anomaly import draw_anomaly
from analytics.examples import EXAMPLES
from analytics.findings import marks
from analytics.findings.explaining import explain
from analytics.findings.parameters import AnomalyId, AnomalyKind, AnomalySeverity, AnomalyState, Mark
from analytics.findings.rows import AnomalyFilter, find_anomaly, outs, page_of, sentence_of, visible
from analytics.models import Anomaly
from analytics.models import AnomalyState as StoredState
from analytics.models.anomalies import MARKS, SEVERITIES
from analytics.schemas.anomalies import AnomalyBefore, AnomalyChange, AnomalyExplained, AnomalyOut, AnomalyPage
from iotsim.core.actor import Actor
from iotsim.core.charts import Chart
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.offers import Offer
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Day, Limit
from iotsim.core.parameters import Reason as WhyInWords
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.alerts.parameters import UntilDay
from sims.models import Sim
from sims.naming import find_sim
from sims.parameters import CustomerName, SimRef, as_list
from sims.usage import local_today

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_AT_ONCE: Final = 500
TOLD: Final = 3  # of a list, in its sentence

Since = Annotated[Day | None, Field(description="Only those that began on that day or later")]
Note = Annotated[WhyInWords | None, Field(description="Why, for the history", max_length=300)]
ExpectedUntil = Annotated[
    UntilDay | None, Field(description="The last day on which it is expected; a month from now without one")
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="anomalies",
    examples=EXAMPLES["check_anomalies"],
    title="Anomalies",
)
def check_anomalies(
    actor: Actor,
    *,
    severity: AnomalySeverity | None = None,
    since: Since = None,
    sim: SimRef | None = None,
    kind: AnomalyKind | None = None,
    status: AnomalyState | None = None,
    customer: CustomerName | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AnomalyPage:
    """List anomalies of SIMs' use, the worst first: theft, silence, leaks, spikes and so on, each once while it lasts.

    Without a day those that last or were seen in the last 30 days; of a SIM, all.
    """
    today = local_today(actor)
    wanted = AnomalyFilter(severity, since, sim, kind, status, customer)
    rows = wanted.rows(actor, today)
    counts = dict(rows.order_by().values_list("severity").annotate(Count("pk")))
    found, following = page_of(rows, severity, cursor, limit)
    items = outs(found, today)
    held = rows.filter(quiet="budget", ended_on=None, status__in=("open", "real")).count()
    return AnomalyPage(
        sentence=_list_sentence(wanted, counts, items, today),
        items=items,
        total=counts.get(severity, 0) if severity else sum(counts.values()),
        without_alert=held,
        as_of=_as_of(actor),
        next_cursor=following,
        offers=[] if cursor else [_explanation(one) for one in items[:1]],
        **{name: counts.get(name, 0) for name in SEVERITIES},
    )


def _explanation(one: AnomalyOut) -> Offer:
    return Offer(service="explain_anomaly", arguments={"anomaly": one.id}, words=f"Explain anomaly {one.id}")


def _as_of(actor: Actor) -> date | None:
    """The last whole day that the detector has taken."""
    rows = StoredState.objects.filter(organization_id=actor.organization_id)
    settled = rows.order_by("-day").values_list("day", flat=True).first()
    from analytics.nightly.anomalies import LATE_DAYS

    return settled + timedelta(days=LATE_DAYS) if settled else None


def _list_sentence(wanted: AnomalyFilter, counts: dict[str, int], items: list[AnomalyOut], today: date) -> str:
    total = counts.get(wanted.severity, 0) if wanted.severity else sum(counts.values())
    told = wanted.in_words()
    which = f" ({told})" if told else ""
    since = _since_words(wanted.since, today)
    if not total:
        return f"No {'new ' if wanted.since else ''}anomalies{since}{which}."
    new = "new " if wanted.since else ""
    parts = [f"{counts[one]:,} {one}" for one in SEVERITIES if counts.get(one)] if not wanted.severity else []
    first = "; ".join(f"{one.subject or 'a SIM'}: {one.title.lower()}" for one in items[:TOLD])
    more = " and so on" if total > TOLD else ""
    count = counted(total, f"{new}anomaly", f"{new}anomalies")
    return f"{count}{since}{which}{': ' if parts else ''}{', '.join(parts)} ({first}{more})."


def _since_words(since: date | None, today: date) -> str:
    if since is None:
        return ""
    if since == today:
        return " today"
    return " since yesterday" if since == today - timedelta(days=1) else f" since {since:%-d %b %Y}"


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="anomalies/explanation",
    examples=EXAMPLES["explain_anomaly"],
    title="Explain anomaly",
)
def explain_anomaly(actor: Actor, *, anomaly: AnomalyId | None = None, sim: SimRef | None = None) -> AnomalyExplained:
    """Say why a SIM was flagged: the day against what is usual for it, further evidence, and what to do next.

    By the anomaly's number, or by SIM: then its worst that lasts, else its newest.
    """
    today = local_today(actor)
    if anomaly is not None:
        return explain(actor, find_anomaly(actor, anomaly), today)
    if sim is None:
        raise Invalid("Say which anomaly, by its number or its SIM.", field="anomaly")
    found = find_sim(actor, sim)
    rows = visible(actor).filter(sim_id=found.pk)
    lasting = rows.filter(ended_on=None).exclude(status__in=("false", "expected")).order_by("rank", "-last_day").first()
    row = lasting or rows.order_by("-last_day", "-pk").first()
    if row is None:
        raise NotFound(f"SIM {found.short_name} has shown no anomaly.", field="sim")
    return explain(actor, row, today)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="anomalies/{anomaly}/chart",
    examples=(),
    title="Anomaly chart",
)
def get_anomaly_chart(actor: Actor, *, anomaly: AnomalyId) -> Chart:
    """Draw the days around one anomaly: what was used, what is usual for such a day, the marked days."""
    return draw_anomaly(actor, find_anomaly(actor, anomaly))


def _undo(actor: Actor, arguments: BaseModel, result: AnomalyChange) -> Undo:
    return Undo("restore_anomalies", {"anomalies": [one.model_dump(mode="json") for one in result.before]})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="anomalies/{anomaly}/mark",
    examples=EXAMPLES["mark_anomaly"],
    title="Mark anomaly",
    undo=_undo,
)
def mark_anomaly(
    actor: Actor, *, anomaly: AnomalyId, mark: Mark, until: ExpectedUntil = None, note: Note = None
) -> AnomalyChange:
    """Say of an anomaly whether it was real, a false alarm, or expected until a day. The nights to come respect it."""
    day = marks.expected_until(mark, until, local_today(actor))
    row = find_anomaly(actor, anomaly, lock=True)
    return marks.mark_all(actor, [row], mark, day, note or "")


AnomalyIds = Annotated[
    Annotated[list[int], BeforeValidator(as_list), Field(min_length=1, max_length=MOST_AT_ONCE)],
    Field(description="Numbers of the anomalies"),
]


def _chosen(actor: Actor, anomalies: list[int], *, lock: bool = False) -> list[Anomaly]:
    rows: QuerySet[Anomaly] = visible(actor).filter(pk__in=anomalies).order_by("pk")
    found = list(rows.select_for_update() if lock else rows)
    if not found:
        raise NotFound("There is none of these anomalies.", field="anomalies")
    return found


def propose_marks(actor: Actor, *, anomalies: list[int], mark: str, until: date | None, note: str | None) -> Proposal:
    marks.expected_until(mark, until, local_today(actor))
    found = _chosen(actor, anomalies)
    sims = Sim.objects.in_bulk([one.sim_id for one in found if one.sim_id])
    return Proposal(
        summary=f"Mark {counted(len(found), 'anomaly', 'anomalies')} as {MARKS[mark]}",
        count=len(found),
        noun="anomaly",
        changes=[
            Change(
                label=sentence_of(one, sims.get(one.sim_id or 0)), field="", before=MARKS[one.status],
                after=MARKS[mark], link=f"/anomalies/{one.pk}/",
            )
            for one in found[:FIRST_ROWS]
        ],
        digest=digest_of([mark, [[one.pk, one.status] for one in found]]),
    )  # fmt: skip


def _bulk_risk(actor: Actor, arguments: Any) -> Risk:
    """One is a plain change, many are bulk."""
    return Risk.WRITE if len(arguments.anomalies) == 1 else Risk.DANGER


@service(
    permission=Permission.OPERATE,
    risk=_bulk_risk,
    path="anomalies/mark",
    examples=(),
    title="Mark anomalies",
    proposal=propose_marks,
    undo=_undo,
)
def mark_anomalies_in_bulk(
    actor: Actor, *, anomalies: AnomalyIds, mark: Mark, until: ExpectedUntil = None, note: Note = None
) -> AnomalyChange:
    """Say the same of several anomalies: real, false alarms, or expected until a day."""
    day = marks.expected_until(mark, until, local_today(actor))
    return marks.mark_all(actor, _chosen(actor, anomalies, lock=True), mark, day, note or "")


@service(
    permission=Permission.OPERATE, risk=Risk.WRITE, path="anomalies/restore", examples=(), title="Restore anomalies"
)
def restore_anomalies(
    actor: Actor,
    *,
    anomalies: Annotated[list[AnomalyBefore], Field(description="How they stood", max_length=MOST_AT_ONCE)],
) -> AnomalyChange:
    """Bring anomalies back to how they stood before they were marked, unless somebody has marked them anew."""
    return marks.restore(actor, anomalies)
