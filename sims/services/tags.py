"""Tags: words that people put on SIMs."""

from pydantic import BaseModel

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.examples import EXAMPLES
from sims.models import Sim, SimTag, Tag
from sims.naming import find_sims_named, find_tag
from sims.parameters import NewTag, SimRefs, TagRemoval
from sims.schemas.fleet import TagChange


def _that_change(sims: list[Sim], tag: Tag | None, remove: bool) -> list[Sim]:
    """Those of the SIMs that do not have the wanted state yet."""
    having: set[int] = set()
    if tag is not None:
        links = SimTag.objects.filter(tag=tag, sim_id__in=[sim.pk for sim in sims])
        having = set(links.values_list("sim_id", flat=True))
    return [sim for sim in sims if (sim.pk in having) == remove]


def _tag(actor: Actor, name: str, remove: bool) -> Tag | None:
    if remove:
        return find_tag(actor, name)
    return Tag.objects.filter(organization_id=actor.organization_id, name__iexact=name).first()


def propose_tags(actor: Actor, *, sims: list[str], tag: str, remove: bool = False) -> Proposal:
    found = find_sims_named(actor, sims)
    known = _tag(actor, tag, remove)
    changing = _that_change(found, known, remove)
    name = known.name if known else tag
    verb = f"Take the tag {name} off" if remove else f"Put the tag {name} on"
    what = f"SIM {found[0].short_name}" if len(found) == 1 else counted(len(changing), "SIM")
    before, after = ("tagged", "not tagged") if remove else ("not tagged", "tagged")
    return Proposal(
        summary=f"{verb} {what}",
        count=len(changing),
        changes=[
            Change(label=str(sim), field=f"tag {name}", before=before, after=after, link=f"/sims/{sim.iccid}/")
            for sim in changing[:FIRST_ROWS]
        ],
        safety_critical=sum(sim.safety_critical for sim in changing),
        digest=digest_of([name, remove, [[sim.pk, sim.safety_critical] for sim in changing]]),
    )


def _undo(actor: Actor, arguments: BaseModel, result: TagChange) -> Undo | None:
    if not result.iccids:
        return None
    return Undo("tag_sims", {"sims": result.iccids, "tag": result.tag, "remove": not result.removed})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="tags",
    examples=EXAMPLES["tag_sims"],
    title="Tag SIMs",
    proposal=propose_tags,
    undo=_undo,
)
def tag_sims(actor: Actor, *, sims: SimRefs, tag: NewTag, remove: TagRemoval = False) -> TagChange:
    """Put a tag on SIMs, or take it off."""
    found = find_sims_named(actor, sims, lock=True)
    known = _tag(actor, tag, remove) or Tag.objects.get_or_create(organization_id=actor.organization_id, name=tag)[0]
    changing = _that_change(found, known, remove)
    ids = [sim.pk for sim in changing]
    if remove:
        SimTag.objects.filter(tag=known, sim_id__in=ids).delete()
    else:
        SimTag.objects.bulk_create(SimTag(organization_id=actor.organization_id, sim_id=pk, tag=known) for pk in ids)
    touch("sim", ids)
    same = len(found) - len(changing)
    done = f"The tag {known.name} was {'taken off' if remove else 'put on'} {counted(len(ids), 'SIM')}."
    return TagChange(
        sentence=done if not same else f"{done} {counted(same, 'SIM')} stayed as they were.",
        tag=known.name,
        removed=remove,
        iccids=[sim.iccid for sim in changing],
        unchanged=same,
    )
