"""The organisation itself: its name, its currency, and the time zone that its days follow."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.jobs import RunningJob, enqueue
from iotsim.core.models import Job, JobState, Organization
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from iotsim.core.slots import Slot
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted
from iotsim.core.zones import Currency, TimeZone
from sims.examples import EXAMPLES
from sims.intake import rezone
from sims.intake.exclusive import writing_usage
from sims.intake.rezone import Rebuild, plan_rebuild
from sims.retention import KINDS, kept_days, kept_from
from sims.schemas.organization import DaysRebuilt, Kept, OrganizationChange, OrganizationOut
from sims.speech import find_organization_name

FIELDS = ("name", "time_zone", "currency")
TITLES = {"name": "name", "time_zone": "time zone", "currency": "currency"}

OrganizationName = Annotated[
    str,
    Field(min_length=1, max_length=120, description="What the organisation is called"),
    Slot("organization_name", find_organization_name, mask="Acme", noun="a name"),
]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="organization",
    examples=EXAMPLES["get_organization"],
    title="Organisation",
)
def get_organization(actor: Actor) -> OrganizationOut:
    """Show the organisation's name, time zone and currency, and how long its usage is kept."""
    found = _organization(actor)
    today = datetime.now(UTC).date()
    last = Job.objects.filter(service=rebuild_days.name).order_by("-pk").first()
    return OrganizationOut(
        sentence=f"{found.name}: days begin at midnight in {found.time_zone}, amounts are in {found.currency}. "
        + _kept_words(),
        kept=[Kept(kind=kind, days=kept_days(kind), first_day=kept_from(kind, today)) for kind in KINDS],
        rebuild=JobOut.of(last) if last else None,
        slug=found.slug,
        **_values(found),
    )


def _kept_words() -> str:
    words = [f"{kind} for {kept_days(kind):,} days" if kept_days(kind) else f"{kind} for ever" for kind in KINDS]
    return f"Usage {', '.join(words[:-1])} and {words[-1]} are kept."


def _organization(actor: Actor) -> Organization:
    return Organization.objects.get(pk=actor.organization_id)


def _values(organization: Organization) -> dict[str, str]:
    return {name: str(getattr(organization, name)) for name in FIELDS}


def _new_zone(actor: Actor, time_zone: str | None) -> bool:
    return time_zone is not None and time_zone != _organization(actor).time_zone


def _risk(actor: Actor, arguments: BaseModel) -> Risk:
    """Another time zone rewrites every day's sums; a name is easily changed back."""
    return Risk.DANGER if _new_zone(actor, getattr(arguments, "time_zone", None)) else Risk.WRITE


def propose_organization(
    actor: Actor,
    *,
    time_zone: str | None = None,
    currency: str | None = None,
    name: str | None = None,
    expected_name: str | None = None,
    expected_currency: str | None = None,
) -> Proposal:
    found = _organization(actor)
    asked = {"name": name, "time_zone": time_zone, "currency": currency}
    changes = [
        Change(label=found.name, field=TITLES[key], before=str(getattr(found, key)), after=value)
        for key, value in asked.items()
        if value is not None and value != getattr(found, key)
    ]
    what = ", ".join(f"{one.field} to {one.after}" for one in changes) or "nothing"
    rebuild = _plan(found, time_zone) if _new_zone(actor, time_zone) else None
    return Proposal(
        summary=f"Change the {what}" if changes else "Change nothing",
        count=1,
        noun="organisation",
        changes=changes,
        currency=found.currency,
        reversible=rebuild is None,
        warnings=_warnings(rebuild),
        digest=digest_of([found.pk, _values(found), asked, rebuild.first_day if rebuild else None]),
    )


def _plan(found: Organization, time_zone: str | None) -> Rebuild:
    return plan_rebuild(found.pk, ZoneInfo(found.time_zone), ZoneInfo(str(time_zone)))


def _warnings(rebuild: Rebuild | None) -> list[str]:
    if rebuild is None:
        return []
    return [_rebuild_words(rebuild), "Choosing the old zone again later rebuilds the days once more."]


def _rebuild_words(rebuild: Rebuild) -> str:
    """How many days are rebuilt, and which are not."""
    if rebuild.first_day is None:
        if not rebuild.kept_days:
            return "There is no usage yet, so nothing has to be rebuilt."
        return f"There are no records, so all {counted(rebuild.kept_days, 'day')} of usage stay as they were."
    said = f"{counted(rebuild.days, 'day')} of every SIM, from {rebuild.first_day:%d %b %Y} on, are rebuilt by a job."
    if rebuild.kept_days:
        said += (
            f" {counted(rebuild.kept_days, 'earlier day')} stay as they were, in the old zone, "
            "because not all of their records are there."
        )
    return said + " Billing cycles follow."


def _undo(actor: Actor, arguments: BaseModel, result: OrganizationChange) -> Undo | None:
    if result.job is not None or result.before["time_zone"] != result.after["time_zone"]:
        return None
    changed: dict[str, Any] = {}
    for name in ("name", "currency"):
        if result.before[name] != result.after[name]:
            changed |= {name: result.before[name], f"expected_{name}": result.after[name]}
    return Undo("update_organization", changed) if changed else None


@service(
    permission=Permission.ADMINISTER,
    risk=_risk,
    path="organization",
    examples=EXAMPLES["update_organization"],
    title="Change organisation",
    proposal=propose_organization,
    undo=_undo,
)
def update_organization(
    actor: Actor,
    *,
    time_zone: TimeZone | None = None,
    currency: Currency | None = None,
    name: OrganizationName | None = None,
    expected_name: Annotated[str | None, Field(max_length=120, description="Refuse unless it is called so now")] = None,
    expected_currency: Annotated[str | None, Field(max_length=3, description="Refuse unless it is that now")] = None,
) -> OrganizationChange:
    """Change the organisation's name, currency or time zone. Another zone rebuilds its days; amounts stay."""
    _refuse_limited(actor)
    if time_zone is None and currency is None and name is None:
        raise Invalid("Say what to change: the name, the time zone or the currency.", field="name")
    with writing_usage(actor.organization_id):
        found = Organization.objects.select_for_update(no_key=True).get(pk=actor.organization_id)
        before = _values(found)
        _refuse_if_moved(before, {"name": expected_name, "currency": expected_currency})
        rebuild = _plan(found, time_zone) if _new_zone(actor, time_zone) else None
        if rebuild:
            _refuse_while_rebuilding()
        asked = {"name": name, "time_zone": time_zone, "currency": currency}
        for key, value in asked.items():
            setattr(found, key, before[key] if value is None else value)
        found.save(update_fields=FIELDS)
        job = _start(actor, rebuild, before["time_zone"]) if rebuild else None
    touch("organization", [found.pk])
    after = _values(found)
    return OrganizationChange(sentence=_sentence(before, after, rebuild), before=before, after=after, job=job)


def _refuse_limited(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("Your membership is limited to some customers, so the organisation is not yours to change.")


def _refuse_if_moved(now: dict[str, str], expected: dict[str, str | None]) -> None:
    for name, value in expected.items():
        if value is not None and now[name] != value:
            raise Conflict(f"The {name} is {now[name]} by now, so it was left as it is.", field=name)


def _refuse_while_rebuilding() -> None:
    """Half of the SIMs in one zone and half in another: the first change comes to its end before the next begins."""
    last = Job.objects.filter(service=rebuild_days.name).order_by("-pk").first()
    if last is None or last.state == JobState.DONE:
        return
    how = "is still under way" if last.state in (JobState.QUEUED, JobState.RUNNING) else "has not come to its end"
    raise Conflict(f"The rebuild of the days for the last zone (job {last.pk}) {how}. Let it finish first.")


def _start(actor: Actor, rebuild: Rebuild, from_zone: str) -> JobOut | None:
    if rebuild.first_day is None:
        return None
    return enqueue(rebuild_days, actor, rebuild_days.validate({"from_zone": from_zone}))


def _sentence(before: dict[str, str], after: dict[str, str], rebuild: Rebuild | None) -> str:
    changed = [
        f"{TITLES[name]} is {after[name]} (was {before[name]})" for name in FIELDS if before[name] != after[name]
    ]
    said = f"The {' and the '.join(changed)}." if changed else "Everything was like that already."
    return f"{said} {_rebuild_words(rebuild)}" if rebuild else said


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="organization/rebuild",
    examples=[],
    title="Rebuild days",
    job=True,
)
def rebuild_days(
    actor: Actor,
    *,
    from_zone: Annotated[TimeZone, Field(description="The time zone that the days were in before")],
    continues: Annotated[int | None, Field(description="A rebuild that was stopped, to go on where it was")] = None,
    job: RunningJob,
) -> DaysRebuilt:
    """Work out every SIM's days anew from its records, in the organisation's time zone; earlier days stay."""
    _refuse_limited(actor)
    with tenant(job.organization_id):
        rebuilds = Job.objects.filter(service=rebuild_days.name).exclude(state=JobState.DONE)
        before = rebuilds.filter(pk=continues).first() if continues is not None else None
        if continues is not None and before is None:
            raise NotFound(f"There is no unfinished rebuild {continues}.", field="continues")
    done = rezone.rebuild(job, ZoneInfo(from_zone), before.checkpoint if before else {})
    since = f" from {done.first_day:%d %b %Y} on" if done.first_day else ""
    return DaysRebuilt(
        sentence=f"The days of {counted(done.sims, 'SIM')}{since} are those of {done.zone} now.",
        sims=done.sims,
        first_day=done.first_day,
        time_zone=str(done.zone),
    )
