"""Support acts as a member: with a reason, for an hour, with both names at everything, never in what is personal."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from iotsim.core import impersonation, jobs, registry
from iotsim.core.access import actor_in
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import ApprovalRequired, Denied
from iotsim.core.models import Approval, AuditEvent, Impersonation, Membership, Organization, User
from iotsim.core.roles import Permission
from iotsim.core.services import approve_call, list_jobs, undo_call
from iotsim.core.support import end_impersonations
from iotsim.core.tenancy import tenant
from sims.models import Sim
from sims.services.status import change_status_in_bulk, toggle_sim_status
from tests.fleet import make_sim

REASON = "Cannot see their SIMs (ticket 71)"


@pytest.fixture
def member(make_membership) -> Membership:
    return make_membership("owner")


def begin(staff: Client, member: Membership, reason: str = REASON):
    return staff.post("/admin/support/", {"user": member.user.email, "reason": reason})


@pytest.fixture
def acting(staff: Client, member: Membership) -> Client:
    """Staff's browser while they act as the member."""
    assert begin(staff, member)["Location"] == "/"
    return staff


@pytest.fixture
def actor(acting: Client) -> Actor:
    """The actor behind that browser."""
    return actor_in(acting.session, staff_of(acting))


def staff_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def audit(organisation: Organization) -> list[AuditEvent]:
    with tenant(organisation.pk):
        return list(AuditEvent.objects.order_by("pk"))


def test_the_button_stands_at_the_membership(staff, member):
    page = staff.get(f"/admin/core/membership/{member.pk}/change/")
    assert f"/admin/support/?user={member.user.email}" in page.content.decode()
    asked = staff.get("/admin/support/", {"user": member.user.email})
    assert asked.status_code == 200 and 'name="reason"' in asked.content.decode()


def test_a_reason_must_be_given(staff, member):
    assert begin(staff, member, "").status_code == 422
    assert not Impersonation.objects.filter(user=member.user).exists()


def test_every_page_says_who_acts_as_whom_until_when(acting, member, organisation):
    make_sim(organisation, label="their own pump")
    ends = Impersonation.objects.get(user=member.user).ends_at
    assert timedelta(minutes=59) < ends - timezone.now() <= timedelta(hours=1)
    for address in ("/", "/sims/", "/imports/", "/approvals/", "/audit/", "/copilot/"):
        text = acting.get(address).content.decode()
        assert staff_of(acting).email in text and member.user.email in text and REASON in text
        assert 'action="/support/end/"' in text
    assert "their own pump" in acting.get("/sims/").content.decode()


def test_beginning_and_ending_stand_in_their_audit_log(acting, member, organisation):
    assert acting.post("/support/end/")["Location"] == "/admin/"
    begun, ended = audit(organisation)
    who = staff_of(acting).email
    assert (begun.service, ended.service) == ("start_impersonation", "end_impersonation")
    assert begun.who == ended.who == who
    assert REASON in begun.sentence and member.user.email in begun.sentence
    assert "no longer acts" in ended.sentence
    assert acting.get("/").status_code == 403  # oneself again: staff are a member of nothing


def test_every_call_names_both(acting, member, organisation):
    sim = make_sim(organisation)
    headers = {"HX-Request": "true"}
    acting.post("/act/toggle_sim_status/", {"sim": sim.iccid, "action": "suspend"}, headers=headers)
    acting.post(f"/api/v1/sims/{sim.iccid}/status", {"action": "resume"}, content_type="application/json")
    names = {event.who for event in audit(organisation) if event.service == "toggle_sim_status"}
    assert names == {f"{staff_of(acting).email} (support) as {member.user.email}"}
    assert {event.face for event in audit(organisation)} >= {"web", "api"}


PERSONAL = [
    one
    for one in registry.all_services()
    if one.people_only
    or (not one.is_read and one.permission in {Permission.KEYS, Permission.ADMINISTER, Permission.OWN})
]


@pytest.mark.parametrize("service", PERSONAL, ids=lambda one: one.name)
def test_the_guard_refuses_what_is_personal(service, actor, organisation):
    with pytest.raises(Denied, match="support may not do it in their name"):
        service.call(actor, {})
    assert audit(organisation)[-1].outcome == "denied" and "(support) as" in audit(organisation)[-1].who


def test_nobody_approves_in_anothers_name(acting, actor, make_actor, organisation):
    machine = make_actor("owner", "copilot")
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired) as asked:
        change_status_in_bulk(machine, sims=sims, action="suspend")
    headers = {"HX-Request": "true"}
    answer = acting.post("/act/approve_call/", {"approval": asked.value.approval.id}, headers=headers)
    assert "support may not" in answer.content.decode()
    with tenant(organisation.pk):
        assert Approval.objects.get().state == "pending"


def test_the_pages_of_an_account_stay_shut(acting):
    for address in ("/accounts/password/change/", "/accounts/email/"):
        assert acting.get(address).status_code == 403
        assert acting.post(address, {}).status_code == 403


def test_another_organisation_is_out_of_reach(acting, member, other_organisation):
    Membership.objects.create(user=member.user, organization=other_organisation, role="owner")
    assert acting.post("/organization/", {"slug": other_organisation.slug}).status_code == 403
    assert other_organisation.slug not in acting.get("/").content.decode()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_nobody_acts_as_staff(staff, member, field):
    User.objects.filter(pk=member.user_id).update(**{field: True})
    answer = begin(staff, member)
    assert answer.status_code == 422 and "nobody acts as them" in answer.content.decode()


def test_who_becomes_staff_meanwhile_is_left_alone(acting, member):
    User.objects.filter(pk=member.user_id).update(is_staff=True)
    page = acting.get("/")
    assert page.status_code == 403 and "is over" in page.content.decode()
    assert impersonation.KEY not in acting.session


def test_a_stranger_to_the_organisation_is_not_found(staff, make_membership, other_organisation):
    stranger = make_membership("owner", organisation=other_organisation)
    assert begin(staff, stranger).status_code == 422


def test_after_an_hour_it_is_over_and_the_end_is_kept(acting, member, organisation):
    row = Impersonation.objects.get(user=member.user)
    Impersonation.objects.filter(pk=row.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    page = acting.get("/sims/")
    assert page.status_code == 403 and "is over" in page.content.decode()
    assert end_impersonations() >= 1
    assert "time was up" in audit(organisation)[-1].sentence
    row.refresh_from_db()
    assert row.ended_at is not None


def test_signing_out_ends_it(acting, member, organisation):
    acting.post("/accounts/logout/")
    assert Impersonation.objects.get(user=member.user).ended_at is not None
    assert audit(organisation)[-1].service == "end_impersonation"


def test_only_one_at_a_time(acting, make_membership):
    assert begin(acting, make_membership("viewer")).status_code == 422


def test_a_member_of_no_staff_cannot_begin(client_for, make_membership, organisation, make_actor):
    client, other = client_for("owner"), make_membership("viewer")
    assert client.post("/admin/support/", {"user": other.user.email, "reason": REASON}).status_code == 302
    for face in ("web", "api"):
        with pytest.raises(Denied, match="Only staff"):
            registry.get("start_impersonation").call(
                make_actor("owner", face), {"user": other.user.email, "reason": REASON}
            )
    assert not Impersonation.objects.filter(user=other.user).exists()


def test_staff_need_the_right_to_it(make_staff, member, organisation):
    client = Client()
    client.force_login(make_staff(superuser=False))
    client.post("/admin/organization/", {"slug": organisation.slug})
    assert begin(client, member).status_code == 403


def test_a_session_with_somebody_elses_number_is_worth_nothing(acting, member, make_staff):
    with pytest.raises(Denied, match="is over"):
        actor_in(acting.session, make_staff())


def test_a_member_sees_only_their_customers_and_so_does_support(staff, make_membership, organisation):
    from tests.fleet import make_customer

    ours, other = make_customer(organisation, "Ours"), make_customer(organisation, "Other")
    make_sim(organisation, customer=ours, label="shown"), make_sim(organisation, customer=other, label="kept back")
    begin(staff, make_membership("viewer", customer_ids=[ours.pk]))
    text = staff.get("/sims/").content.decode()
    assert "shown" in text and "kept back" not in text


# --- what runs later ---


def test_a_job_carries_both_names(actor, organisation):
    from iotsim.core.models import Job

    sim = make_sim(organisation)
    with tenant(organisation.pk):
        row = Job.objects.create(
            organization=organisation, service="x", user_id=actor.user_id, who=actor.name, face="web"
        )
        impersonation.remember(actor, "job", row.pk)
    again = jobs._actor_of(row)
    assert again.name == actor.name and again.impersonation_id == actor.impersonation_id
    toggle_sim_status(again, sim=sim.iccid, action="suspend")
    assert audit(organisation)[-1].who == actor.name


def test_a_run_of_the_copilot_carries_both_names(actor, organisation, member):
    from copilot import threads
    from copilot.acting import actor_of
    from copilot.models import Run

    asked = threads.ask(actor, text="Which SIMs are active?", worker="test")
    with tenant(organisation.pk):
        run = Run.objects.select_related("thread").get(pk=asked.run_id)
        made = actor_of(run)
    assert run.thread.user_id == member.user_id
    assert made is not None and made.name == actor.name and made.face is Face.COPILOT


def test_the_socket_acts_as_the_member_with_both_names(acting, actor):
    from iotsim.core.access import actor_of_session

    found = actor_of_session(acting.session.session_key)
    assert found.name == actor.name and found.user_id == actor.user_id


def test_an_approved_wish_of_support_names_both(actor, make_actor, organisation):
    machine = actor.at(Face.COPILOT)
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired) as asked:
        change_status_in_bulk(machine, sims=sims, action="suspend")
    boss = make_actor("admin")
    assert approve_call(boss, approval=asked.value.approval.id).state == "done"
    event = next(one for one in audit(organisation) if one.service == "change_status_in_bulk" and one.outcome == "done")
    assert (event.who, event.approved_by) == (actor.name, boss.name)


def test_what_support_did_can_be_taken_back(actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    undo_call(actor)
    with tenant(organisation.pk):
        assert Sim.objects.get(pk=sim.pk).status == "active"
    assert list_jobs(actor).items == []


def test_two_long_addresses_fit_where_a_name_is_kept(make_staff, organisation):
    def person(word: str, **fields: object) -> User:
        return User.objects.create_user(f"{word}{'x' * 180}@{'y' * 40}.example.com", **fields)

    row = Impersonation(
        pk=1, staff=person("a", is_staff=True, is_superuser=True), user=person("b"), organization=organisation
    )
    Membership.objects.create(user=row.user, organization=organisation, role="owner")
    assert len(impersonation.actor_for(row, face=Face.WEB).name) <= 254
