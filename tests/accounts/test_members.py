"""Members: roles, limits, leaving; the last owner stays, and nobody changes whoever may do more."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from iotsim.core import events
from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import (
    ApprovalRequired,
    ConfirmationRequired,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Unauthenticated,
)
from iotsim.core.keys import actor_of_key, create_key
from iotsim.core.members import (
    change_member_role,
    leave_organization,
    limit_member_to_customers,
    list_members,
    remove_member,
    transfer_ownership,
)
from iotsim.core.models import AuditEvent, Membership
from iotsim.core.organizations import change_own_name, create_organization
from iotsim.core.services import list_approvals, undo_call
from iotsim.core.tenancy import tenant
from sims.services.status import change_status_in_bulk
from tests.fleet import make_customer, make_sim


def confirmed(service, actor: Actor, **given):
    """The call of a person who has seen the proposal."""
    return service.call(actor, given, confirmed=service.propose(actor, given).digest).result


def role_of(actor: Actor) -> str:
    return Membership.objects.get(user_id=actor.user_id, organization_id=actor.organization_id).role


def test_members_are_listed_with_roles_and_may_be_narrowed(actor, make_actor):
    make_actor("viewer")
    everybody = list_members(make_actor("analyst"))
    assert [one.role for one in everybody.items] == ["analyst", "owner", "viewer"]
    assert all(one.has_second_factor is None and not one.may_change for one in everybody.items)
    assert [one.role for one in list_members(actor, role="viewer").items] == ["viewer"]
    assert {one.role: one.may_change for one in list_members(make_actor("admin")).items}["owner"] is False


def test_a_role_is_changed_and_the_change_taken_back(actor, make_actor):
    other = make_actor("viewer")
    outcome = change_member_role.call(actor, {"member": other.name, "role": "manager"})
    assert role_of(other) == "manager" and "is now a manager, no longer a viewer" in outcome.sentence
    undo_call(actor, event=outcome.event_id)
    assert role_of(other) == "viewer"


def test_a_change_that_was_overtaken_is_not_taken_back(actor, make_actor):
    other = make_actor("viewer")
    outcome = change_member_role.call(actor, {"member": other.name, "role": "manager"})
    change_member_role(actor, member=other.name, role="analyst")
    with pytest.raises(Conflict, match="by now"):
        undo_call(actor, event=outcome.event_id)


def test_an_admin_touches_no_owner_and_makes_none(actor, make_actor):
    admin, other = make_actor("admin"), make_actor("viewer")
    with pytest.raises(Denied, match="more rights than you"):
        change_member_role(admin, member=actor.name, role="viewer")
    with pytest.raises(Denied, match="more rights than you"):
        confirmed(remove_member, admin, member=actor.name)
    with pytest.raises(Denied, match="cannot make anybody an owner"):
        change_member_role(admin, member=other.name, role="owner")
    with pytest.raises(Denied):
        transfer_ownership.propose(admin, {"member": other.name})


def test_the_last_owner_cannot_leave_be_removed_or_become_anything_else(actor, make_actor):
    with pytest.raises(Conflict, match="last owner"):
        confirmed(leave_organization, actor)
    with pytest.raises(Conflict, match="last owner"):
        change_member_role(actor, member=actor.name, role="admin")
    with pytest.raises(Conflict, match="last owner"):
        confirmed(remove_member, actor, member=actor.name)
    second = make_actor("owner")
    assert confirmed(leave_organization, actor).go_to == "/"
    with pytest.raises(Conflict, match="last owner"):
        confirmed(leave_organization, second)


def test_an_owner_who_may_not_sign_in_any_more_does_not_count(actor, make_membership):
    other = make_membership("owner")
    other.user.is_active = False
    other.user.save()
    with pytest.raises(Conflict, match="last owner"):
        confirmed(leave_organization, actor)


def test_two_owners_who_leave_at_the_same_moment_leave_one_behind(make_actor, organisation):
    for _ in range(3):
        Membership.objects.filter(organization=organisation).delete()
        owners = [make_actor("owner") for _ in range(4)]

        def leave(one: Actor) -> bool:
            try:
                confirmed(leave_organization, one)
            except Conflict:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(4) as pool:
            left = list(pool.map(leave, owners))
        assert left.count(True) == 3
        assert Membership.objects.filter(organization=organisation, role="owner").count() == 1


def test_removing_somebody_ends_their_keys_and_what_they_asked_for(actor, make_membership, organisation):
    member = make_membership("manager")
    _, key = create_key(member)
    machine = Actor.for_membership(member, face=Face.COPILOT)
    machine.run.asked = True
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired):
        change_status_in_bulk(machine, action="suspend", sims=sims)
    proposal = remove_member.propose(actor, {"member": member.user.email})
    assert "1 API key of theirs stops working at once." in proposal.warnings and not proposal.reversible
    assert "1 request of theirs will be rejected." in proposal.warnings
    answer = confirmed(remove_member, actor, member=member.user.email)
    assert "1 API key no longer works" in answer.sentence
    with pytest.raises(Unauthenticated):
        actor_of_key(key)
    [request] = list_approvals(actor).items
    assert request.state == "rejected" and "no longer a member" in request.reason


def test_removing_asks_a_person_on_a_page_and_makes_a_machine_wait(make_actor):
    owner, other = make_actor("owner"), make_actor("viewer")
    with pytest.raises(ConfirmationRequired):
        remove_member(owner, member=other.name)
    for call, given in (
        (remove_member, {"member": other.name}),
        (change_member_role, {"member": other.name, "role": "admin"}),
        (limit_member_to_customers, {"member": other.name, "all_customers": True}),
    ):
        with pytest.raises(ApprovalRequired):
            call.call(owner.at(Face.COPILOT, run=Run(asked=True)), given)
    assert role_of(other) == "viewer"


def test_an_open_page_of_the_one_removed_hears_of_it(actor, make_actor, monkeypatch):
    heard: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(events, "_listeners", [lambda org, kind, ids: heard.append((kind, ids))])
    other = make_actor("viewer")
    confirmed(remove_member, actor, member=other.name)
    assert ("member", [other.user_id]) in heard


def test_the_organisation_is_handed_over(actor, make_actor):
    other = make_actor("admin")
    proposal = transfer_ownership.propose(actor, {"member": other.name})
    assert [(one.before, one.after) for one in proposal.changes] == [("admin", "owner"), ("owner", "admin")]
    confirmed(transfer_ownership, actor, member=other.name)
    assert (role_of(actor), role_of(other)) == ("admin", "owner")


def test_a_member_is_limited_to_customers_and_back(actor, make_actor, organisation):
    customer, _ = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    other = make_actor("viewer")
    outcome = limit_member_to_customers.call(actor, {"member": other.name, "customers": ["Acme"]})
    assert Membership.objects.get(user_id=other.user_id).customer_ids == [customer.pk]
    assert list_members(actor, role="viewer").items[0].customers == ["Acme"]
    undo_call(actor, event=outcome.event_id)
    assert Membership.objects.get(user_id=other.user_id).customer_ids is None
    with pytest.raises(NotFound, match="no customer called Nobody"):
        limit_member_to_customers(actor, member=other.name, customers=["Nobody"])
    with pytest.raises(Invalid, match="Name the customers"):
        limit_member_to_customers(actor, member=other.name)
    with pytest.raises(Conflict, match="cannot be limited"):
        limit_member_to_customers(actor, member=actor.name, customers=["Acme"])


def test_whoever_is_limited_manages_nobody_and_sees_themselves_only(make_actor, organisation):
    customer = make_customer(organisation)
    limited, other = make_actor("admin", customer_ids=[customer.pk]), make_actor("viewer")
    assert [one.email for one in list_members(limited).items] == [limited.name]
    with pytest.raises(NotFound, match="is not a member"):
        change_member_role(limited, member=other.name, role="analyst")
    with pytest.raises(Denied, match="limited to some customers"):
        change_member_role(limited, member=limited.name, role="analyst")


def test_a_name_is_shown_to_colleagues(actor, make_actor):
    change_own_name(actor, name="Anna Schmidt")
    assert "Anna Schmidt" in list_members(make_actor("viewer")).sentence
    assert confirmed(remove_member, make_actor("owner"), member="anna schmidt").sentence.startswith(actor.name)


def test_a_further_organisation_is_ones_own(actor, make_actor):
    create_organization(actor, name="Second fleet")
    made = Membership.objects.get(user_id=actor.user_id, organization__name="Second fleet")
    assert made.role == "owner" and list_members(Actor.for_membership(made, face=Face.WEB)).items[0].is_you
    with pytest.raises(Denied):
        create_organization(make_actor("admin"), name="Third fleet")


def test_everything_stands_in_the_audit_log(actor, make_actor, organisation):
    other = make_actor("viewer")
    change_member_role(actor, member=other.name, role="analyst")
    confirmed(remove_member, actor, member=other.name)
    with tenant(organisation.pk):
        found = list(AuditEvent.objects.order_by("pk").values_list("service", "who", "outcome"))
    assert found == [("change_member_role", actor.name, "done"), ("remove_member", actor.name, "done")]


def test_the_page_offers_each_what_they_may_do(client_for):
    viewer = client_for("viewer").get("/settings/members/").content.decode()
    assert "Invite somebody" not in viewer and "Change role" not in viewer
    admin = client_for("admin").get("/settings/members/").content.decode()
    assert "Invite somebody" in admin and 'value="owner"' not in admin and "Change role" in admin


def test_without_a_membership_one_is_told_so(client_for, actor):
    browser: Client = client_for("viewer")
    Membership.objects.filter(user_id=browser.session["_auth_user_id"]).delete()
    answer = browser.get("/settings/members/")
    assert answer.status_code == 403 and "member of no organisation" in answer.content.decode()
