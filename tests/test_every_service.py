"""What holds for every registered service, whatever it does."""

import uuid
from datetime import date

import pytest

from analytics.models import Recommendation
from iotsim.core import registry
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import ApprovalRequired, Denied, IotsimError
from iotsim.core.models import AuditEvent, Membership, User
from iotsim.core.registry import Risk
from iotsim.core.tenancy import tenant
from sims.models import Plan, Sim
from tests.fleet import make_plan, make_sim

SERVICES = list(registry.all_services())
NAMES = [service.name for service in SERVICES]
# What pages and undo need, and nobody asks for in a sentence: no tools of the copilot.
PLUMBING = {
    "carry_out_recommendations",
    "change_own_name",
    "create_api_key",
    "create_organization",
    "create_plan",
    "delete_plan",
    "delete_usage_mapping",
    "dismiss_suggestion",
    "end_impersonation",
    "export_refused_rows",
    "decide_calls",
    "edit_call",
    "get_anomaly_chart",
    "get_report_file",
    "join_organization",
    "leave_organization",
    "list_api_keys",
    "list_filter_choices",
    "list_nightly_summaries",
    "mark_anomalies_in_bulk",
    "offer_next_step",
    "read_photo",
    "preview_usage_mapping",
    "rebuild_days",
    "record_usage",
    "resend_invitation",
    "resolve_sims",
    "restore_alerts",
    "restore_anomalies",
    "restore_plan",
    "restore_recommendations",
    "restore_report",
    "restore_sim_plans",
    "restore_status",
    "restore_suggestion",
    "restore_usage_mapping",
    "revoke_api_key",
    "run_analytics_night",
    "run_nightly_check",
    "save_usage_mapping",
    "set_second_factor_rule",
    "start_impersonation",
    "stop_sims_at_limit",
    "transfer_ownership",
    "update_plan",
} | {one.name for one in SERVICES if one.app == "copilot" and one.name != "get_copilot_spending"}

EVERY = pytest.mark.parametrize("service", SERVICES, ids=NAMES)


def member_of(organisation) -> str:
    """The e-mail address of a fresh viewer there."""
    user = User.objects.create_user(f"viewer-{uuid.uuid4().hex}@example.com")
    Membership.objects.create(user=user, organization=organisation, role="viewer")
    return user.email


def arguments_for(service, sim) -> dict:
    """Something for every required parameter: the given SIM where one is asked for, plain values elsewhere."""
    samples = {
        "sim": sim.iccid, "sims": [sim.iccid], "action": "suspend", "quota": "1 GB", "tag": "blue",
        "batch": "6b7a4c6e-6f0e-4f0c-9d8a-0d0d5f0b7f11", "role": "viewer", "email": "new@example.com",
        "member": member_of(sim.organization) if "member" in service.parameters.model_fields else "",
    }  # fmt: skip
    required = [name for name, info in service.parameters.model_fields.items() if info.is_required()]
    raw = {name: samples.get(name, 999_999_999) for name in required}
    if service.name == "change_plan":
        raw["plan"] = make_plan(sim.organization).name
    if service.name in {"apply_recommendations", "carry_out_recommendations"}:
        return {**raw, "recommendations": [advise(sim).pk]}
    return {**raw, "sims": [sim.iccid]} if service.name in {"change_status_in_bulk", "change_plan"} else raw


def advise(sim) -> Recommendation:
    """An open recommendation to retire the SIM."""
    with tenant(sim.organization_id):
        plan = Plan.objects.create(organization=sim.organization, name=f"Old {uuid.uuid4()}", quota_bytes=1)
        Sim.objects.filter(pk=sim.pk).update(plan=plan)
        return Recommendation.objects.create(
            organization=sim.organization, kind="retire_idle", sim_id=sim.pk, from_plan_id=plan.pk, cost_cents=1,
            worst_cost_cents=1, saving_cents=1, worst_saving_cents=1, currency="EUR", confidence="high", history_days=1,
            since=date.today(), night=date.today(),
        )  # fmt: skip


@EVERY
def test_is_described(service):
    assert service.description.endswith((".", "?")) and len(service.description) > 20
    assert service.title and service.path and service.app
    for name, info in service.parameters.model_fields.items():
        assert info.description or name in service.slots, f"{service.name}: {name} says nothing of itself"


@EVERY
def test_has_examples_unless_it_is_plumbing(service):
    assert bool(service.examples) != (service.name in PLUMBING)


@EVERY
def test_its_answer_has_a_sentence(service):
    assert "sentence" in service.returns.model_fields


@EVERY
def test_a_danger_shows_a_proposal_and_can_be_told_by_its_risk(service):
    assert service.risk is not Risk.DANGER or service.proposal is not None


@EVERY
def test_refuses_who_lacks_the_permission(service, organisation):
    nobody = Actor(
        organization_id=organisation.pk,
        user_id=None,
        name="nobody",
        role="none",
        permissions=frozenset(),
        face=Face.API,
    )
    with pytest.raises(Denied):
        service.call(nobody, {})
    with tenant(organisation.pk):
        event = AuditEvent.objects.get(service=service.name)
    assert event.outcome == "denied" and event.who == "nobody"


@EVERY
def test_shows_and_changes_nothing_of_another_organisation(service, actor, other_organisation):
    theirs = make_sim(other_organisation, label="pump of a stranger")
    try:
        outcome = service.call(actor, arguments_for(service, theirs), confirmed="x")
    except IotsimError as error:
        shown = f"{error.sentence} {error.details()}"
    else:
        shown = outcome.result.model_dump_json()
    assert theirs.label not in shown
    with tenant(other_organisation.pk):
        theirs.refresh_from_db()
        assert theirs.status == "active" and theirs.quota_bytes is None and not theirs.sim_tags.exists()
        assert not AuditEvent.objects.exists()


DANGEROUS = [one for one in SERVICES if one.risk is Risk.DANGER and not one.people_only]


@pytest.mark.parametrize("service", DANGEROUS, ids=lambda one: one.name)
def test_a_machine_waits_for_a_person_before_danger(service, make_actor, organisation):
    sim = make_sim(organisation)
    machine = make_actor("owner", "copilot")
    machine.run.asked = True
    with pytest.raises(ApprovalRequired) as waiting:
        service.call(machine, arguments_for(service, sim))
    assert waiting.value.approval.proposal.count == 1
    with tenant(organisation.pk):
        sim.refresh_from_db()
    assert sim.status == "active"


@EVERY
def test_unknown_arguments_are_refused(service, actor):
    with pytest.raises(IotsimError, match="knows no"):
        service.call(actor, {"nonsense": 1})


def test_names_are_verbs_and_nouns():
    assert all("_" in name and name == name.lower() for name in NAMES)


def test_paths_are_unique():
    ways = [(service.is_read, service.path) for service in SERVICES]
    assert len(ways) == len(set(ways))
