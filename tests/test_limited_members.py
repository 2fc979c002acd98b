"""A membership limited to some customers sees and changes theirs only: held against every registered service.

The limited member here is an owner by role, so that nothing is refused for want of a permission; beside their
customer stands another one, with SIMs, a plan, a tag, usage, files, jobs, requests, keys, members and audit events.
Whatever a service is given, its answer names none of that unless the question did, and none of it changes.
"""

import contextlib
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from iotsim.core import registry
from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, IotsimError
from iotsim.core.invitations import invite_member
from iotsim.core.keys import create_key
from iotsim.core.models import ApiKey, Approval, AuditEvent, Invitation, Job, Membership, Upload
from iotsim.core.tenancy import tenant
from sims.models import Customer, Intake, Sim, SimTag, StatusChange, Tag
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, toggle_sim_status
from sims.services.tags import tag_sims
from tests.fleet import make_customer, make_plan, make_sim

SERVICES = list(registry.all_services())
EVERY = pytest.mark.parametrize("service", SERVICES, ids=[service.name for service in SERVICES])
READS = [one for one in SERVICES if one.is_read]
# What is about the clock or about oneself, and so may differ between two calls.
ABOUT_NOW = {"as_of", "created_at", "updated_at", "joined_at", "last_seen_at"}


@dataclass
class Theirs:
    """What belongs to the other customer: the values that name it in a call, and the words nobody else may see."""

    values: dict[str, Any]
    words: set[str]


@pytest.fixture
def limited(make_actor, organisation) -> Actor:
    """An owner by role, limited to the customer Acme with one SIM."""
    customer = make_customer(organisation, "Acme")
    make_sim(organisation, label="ours", customer=customer, plan=make_plan(organisation, "Plain"), country="DE")
    return make_actor("owner", customer_ids=[customer.pk])


def add_others(organisation, colleague: Actor) -> Theirs:
    """Another customer with everything that a service could show."""
    customer, plan = make_customer(organisation, "Globex"), make_plan(organisation, "Goldfinger", quota_bytes=50)
    sims = [
        make_sim(organisation, label=f"zeppelin-{n}", customer=customer, plan=plan, country="FR", cycle_bytes=777)
        for n in range(2)
    ]
    iccids = [sim.iccid for sim in sims]
    tag_sims(colleague, sims=iccids, tag="vermilion")
    update_quota(colleague, sim=iccids[0], quota="1 GB")
    event = toggle_sim_status.call(colleague, {"sim": iccids[1], "action": "suspend", "reason": "Quicksilver"})
    with tenant(organisation.pk):
        batch = StatusChange.objects.latest("pk").batch
        upload = Upload.objects.create(organization=organisation, name="xanadu.csv", size_bytes=1, sha256="x", file="x")
        asked = {"service": "import_usage", "arguments": {"upload_id": upload.pk}}
        job = Job.objects.create(
            organization=organisation, **asked, user_id=colleague.user_id, who=colleague.name, face="web"
        )
        intake = Intake.objects.create(
            organization=organisation, kind="usage", name="xanadu.csv", upload_id=upload.pk, job_id=job.pk,
            user_id=colleague.user_id, who=colleague.name,
        )  # fmt: skip
    with pytest.raises(ApprovalRequired) as waiting:
        change_status_in_bulk(colleague.at(Face.COPILOT, run=Run(asked=True)), action="deactivate", sims=iccids)
    member = Membership.objects.get(user_id=colleague.user_id, organization=organisation)
    key, _ = create_key(member, name="kingfisher")
    invitation = invite_member(colleague, email=f"walrus-{organisation.pk}@example.com", role="viewer")
    values = {
        "sim": iccids[0], "sims": iccids, "customer": "Globex", "customers": ["Globex"], "plan": "Goldfinger",
        "tag": "vermilion", "search": "zeppelin", "member": colleague.name, "who": colleague.name, "job": job.pk,
        "intake": intake.pk, "upload_id": upload.pk, "approval": waiting.value.approval.id, "event": event.event_id,
        "batch": str(batch), "invitation": invitation.id, "key": key.pk, "subject_kind": "sim",
        "subject_id": sims[0].pk, "country": "FR", "status": "suspended", "max_usage": "1 TB", "min_usage": "500 B",
        "action": "suspend", "quota": "3 GB", "role": "viewer", "email": "new@example.com", "name": "Something",
        "required": True, "scopes": ["view"], "title": "Something", "all_customers": True,
    }  # fmt: skip
    words = {"zeppelin", "Globex", "Goldfinger", "vermilion", "Quicksilver", "xanadu", "kingfisher", "walrus-"}
    return Theirs(values, words | set(iccids) | {colleague.name})


def questions(service, theirs: Theirs) -> list[dict[str, Any]]:
    """The required arguments alone, and with each of the others that can name something."""
    fields = service.parameters.model_fields
    base = {name: theirs.values.get(name, 999_999_999) for name, info in fields.items() if info.is_required()}
    more = [{**base, name: theirs.values[name]} for name in fields if name in theirs.values and name not in base]
    return [base, *more]


def ask(service, actor: Actor, raw: dict[str, Any]) -> str:
    """All that the call tells, by its answer, its refusal or what it proposes; a person would confirm."""
    told, digest = "", None
    try:
        if not service.is_read and (proposal := service.propose(actor, raw)):
            told, digest = proposal.model_dump_json(), proposal.digest
        return told + service.call(actor, raw, confirmed=digest).result.model_dump_json()
    except ConfirmationRequired as error:
        return told + error.sentence + str(error.details())
    except IotsimError as error:
        return told + error.sentence + str(error.details())


def state_of(organisation) -> str:
    """Everything of the other customer and of colleagues, as it stands in the tables."""
    people = {"organization": organisation}
    rows: list[Any] = [
        list(Membership.objects.filter(**people).exclude(customer_ids__isnull=False).order_by("pk").values()),
        # Mail goes out by itself where a worker runs.
        list(Invitation.objects.filter(**people).order_by("pk").values("pk", "token_hash", "withdrawn_at")),
        list(ApiKey.objects.filter(name="kingfisher", membership__organization=organisation).values()),
    ]
    with tenant(organisation.pk, read_only=True):
        others = Sim.objects.filter(customer__name="Globex")
        rows.append(list(others.order_by("pk").values()))
        rows.append(list(SimTag.objects.filter(sim__in=others).order_by("pk").values()))
        rows.append(list(StatusChange.objects.filter(sim__in=others).order_by("pk").values()))
        rows.append(
            list(Customer.objects.filter(name="Globex").values()) + list(Tag.objects.filter(name="vermilion").values())
        )
        rows.append(list(Approval.objects.filter(service="change_status_in_bulk").order_by("pk").values()))
        rows.append(
            list(Job.objects.filter(service="import_usage").order_by("pk").values("pk", "stop_asked", "user_id"))[:1]
        )
        rows.append(list(Intake.objects.order_by("pk").values()))
        rows.append(list(Upload.objects.order_by("pk").values()))
    return str(rows)


@EVERY
def test_tells_and_changes_nothing_of_other_customers(service, limited, make_actor, organisation):
    theirs = add_others(organisation, make_actor("owner"))
    before = state_of(organisation)
    for raw in questions(service, theirs):
        told = ask(service, limited, raw)
        asked = str(raw)
        leaked = {word for word in theirs.words if word in told and word not in asked}
        assert not leaked, f"{service.name}({raw}) tells {leaked}"
        assert state_of(organisation) == before, f"{service.name}({raw}) changed what is not theirs"


@pytest.mark.parametrize("service", READS, ids=[one.name for one in READS])
def test_counts_are_the_same_whether_there_are_others_or_not(service, limited, make_actor, organisation):
    fields = service.parameters.model_fields
    raw = {name: "ours" for name, info in fields.items() if info.is_required() and name == "sim"}

    def told() -> Any:
        with contextlib.suppress(IotsimError):
            return _timeless(service.call(limited, raw).result.model_dump(mode="json"))
        return None

    colleague = make_actor("owner")
    alone = told()
    add_others(organisation, colleague)
    assert told() == alone


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in ABOUT_NOW}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def test_their_own_they_see_and_change(limited, organisation):
    assert update_quota(limited, sim="ours", quota="1 GB").label == "ours"
    found = registry.get("find_sims").call(limited, {}).result
    assert [one.label for one in found.items] == ["ours"]
    with tenant(organisation.pk):
        assert AuditEvent.objects.get(service="update_quota").user_id == limited.user_id
    assert registry.get("list_audit_events").call(limited, {}).result.items


def test_a_sim_that_moves_to_another_customer_goes_out_of_sight(limited, organisation):
    outcome = update_quota.call(limited, {"sim": "ours", "quota": "1 GB"})
    with tenant(organisation.pk):
        other = Customer.objects.create(organization=organisation, name="Initech")
        Sim.objects.filter(label="ours").update(customer=other, status_changed_at=timezone.now())
    with pytest.raises(IotsimError, match="No SIM is called"):
        registry.get("undo_call").call(limited, {"event": outcome.event_id})
