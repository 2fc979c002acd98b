"""Invitations: by mail and by link, once, for one address, and never above one's own rights."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired, Conflict, Denied, Invalid
from iotsim.core.invitations import invite_member, list_invitations, resend_invitation, withdraw_invitation
from iotsim.core.keys import actor_of_key, create_key
from iotsim.core.members import remove_member
from iotsim.core.models import Approval, AuditEvent, IdempotencyKey, Invitation, User
from iotsim.core.services import approve_call
from iotsim.core.tenancy import tenant
from tests.accounts.people import PASSWORD, give_password, mailed_link, membership_in, new_email, sign_in
from tests.fleet import make_customer


def invited(actor: Actor, email: str, role: str = "analyst", **more) -> tuple[Invitation, str]:
    """The invitation and its link's path, as the inviter sees it."""
    answer = invite_member(actor, email=email, role=role, **more)
    return Invitation.objects.get(pk=answer.id), answer.link.removeprefix("http://127.0.0.1")


def test_a_new_person_sets_a_password_and_is_in(actor, organisation):
    email = new_email()
    row, link = invited(actor, email)
    assert mailed_link(row) == link
    browser = Client()
    page = browser.get(link).content.decode()
    assert "Create account and join" in page and organisation.name in page
    answer = browser.post("/invitations/accept/", {"token": row_token(link), "name": "Anna", "password": PASSWORD})
    assert answer.status_code == 302 and answer["Location"] == "/"
    member = membership_in(organisation, email)
    assert member is not None and member.role == "analyst" and member.user.name == "Anna"
    assert "Dashboard" in browser.get("/").content.decode()
    with tenant(organisation.pk):
        event = AuditEvent.objects.get(service="join_organization")
    assert event.who == email and event.outcome == "done"


def row_token(link: str) -> str:
    return link.partition("token=")[2]


def test_a_weak_password_is_told_and_nobody_is_made(actor):
    email = new_email()
    _, link = invited(actor, email)
    answer = Client().post("/invitations/accept/", {"token": row_token(link), "password": "password"})
    assert answer.status_code == 422 and "too common" in answer.content.decode()
    assert not User.objects.filter(email=email).exists()


def test_a_link_is_good_once(actor):
    _, link = invited(actor, new_email())
    given = {"token": row_token(link), "password": PASSWORD}
    assert Client().post("/invitations/accept/", given).status_code == 302
    again = Client().post("/invitations/accept/", given)
    assert again.status_code == 409 and "accepted already" in again.content.decode()


def test_somebody_with_an_account_signs_in_and_joins(actor, organisation, make_membership, other_organisation):
    user = give_password(make_membership("viewer", organisation=other_organisation).user)
    _, link = invited(actor, user.email)
    page = Client().get(link).content.decode()
    assert "You have an account already" in page and "Password" not in page
    browser = sign_in(user)
    assert ">Join</button>" in browser.get(link).content.decode()
    browser.post("/invitations/accept/", {"token": row_token(link)})
    assert membership_in(organisation, user.email) is not None
    assert organisation.name in browser.get("/").content.decode()


def test_the_wrong_account_is_told_which_one_it_is_for(actor, organisation, client_for, other_organisation):
    email = new_email()
    _, link = invited(actor, email)
    browser = client_for("owner", organisation=other_organisation)
    page = browser.get(link).content.decode()
    assert f"This invitation is for {email}, and you are signed in as owner-" in page
    browser.post("/invitations/accept/", {"token": row_token(link), "password": PASSWORD})
    assert membership_in(organisation, email) is None


def test_a_member_is_not_invited_again_and_an_open_invitation_is_not_doubled(actor, make_membership):
    member = make_membership("viewer")
    with pytest.raises(Conflict, match="is a member already"):
        invite_member(actor, email=member.user.email.upper(), role="analyst")
    email = new_email()
    invite_member(actor, email=email, role="analyst")
    with pytest.raises(Conflict, match="invited already"):
        invite_member(actor, email=email, role="viewer")


def test_an_invitation_expires(actor):
    row, link = invited(actor, new_email())
    Invitation.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = Client().get(link)
    assert answer.status_code == 409 and "expired on" in answer.content.decode()
    assert invite_member(actor, email=row.email, role="viewer").id != row.pk  # and makes room for a new one


def test_a_withdrawn_invitation_says_so(actor):
    row, link = invited(actor, new_email())
    withdraw_invitation(actor, invitation=row.pk)
    answer = Client().get(link)
    assert answer.status_code == 409 and "withdrawn" in answer.content.decode()
    with pytest.raises(Conflict, match="withdrawn already"):
        resend_invitation(actor, invitation=row.pk)


def test_sending_again_gives_a_new_link_and_ends_the_old_one(actor):
    row, old = invited(actor, new_email())
    new = resend_invitation(actor, invitation=row.pk).link.removeprefix("http://127.0.0.1")
    assert new != old and Client().get(old).status_code == 404 and Client().get(new).status_code == 200
    row.refresh_from_db()
    assert mailed_link(row) == new


def test_an_unknown_link_tells_nothing(database):
    answer = Client().get("/invitations/accept/?token=nonsense")
    assert answer.status_code == 404 and "not known" in answer.content.decode()


def test_mail_is_sent_once_and_not_after_a_withdrawal(actor):
    row, _ = invited(actor, new_email())
    mailed_link(row)
    row.refresh_from_db()
    assert row.mailed_at is not None
    mail.outbox.clear()
    from iotsim.core.tasks import mail_invitation

    mail_invitation(row.pk)
    assert mail.outbox == []


def test_a_real_worker_sends_the_mail_after_commit(actor, celery_worker_process, environment):
    import time
    from pathlib import Path

    row, link = invited(actor, new_email("posted"))
    folder = Path(environment["DATA_DIR"]) / "mail"
    for _ in range(200):
        row.refresh_from_db()
        if row.mailed_at:
            break
        time.sleep(0.1)
    texts = [path.read_text() for path in folder.glob("*.log")]
    assert any(row.email in text and link in text.replace("=\n", "").replace("=3D", "=") for text in texts)


@pytest.mark.parametrize(("role", "wanted"), [("admin", "owner"), ("manager", "viewer"), ("viewer", "viewer")])
def test_nobody_invites_above_their_own_role(make_actor, role, wanted):
    with pytest.raises(Denied):
        invite_member(make_actor(role), email=new_email(), role=wanted)


def test_a_key_invites_nobody_who_may_more_than_the_key(make_membership):
    _, text = create_key(make_membership("owner"), scopes=["view", "administer"])
    actor = actor_of_key(text)
    assert invite_member(actor, email=new_email(), role="viewer").email
    with pytest.raises(Denied, match="may do more than you may here"):
        invite_member(actor, email=new_email(), role="manager")


def test_an_admin_cannot_send_or_withdraw_an_owners_invitation_of_an_owner(actor, make_actor):
    row, _ = invited(actor, new_email(), role="owner")
    for act in (withdraw_invitation, resend_invitation):
        with pytest.raises(Denied):
            act(make_actor("admin"), invitation=row.pk)


def test_an_invitation_may_be_limited_to_customers(actor, organisation):
    customer = make_customer(organisation, "Acme")
    make_customer(organisation, "Globex")
    row, link = invited(actor, new_email(), role="viewer", customers=["Acme"])
    Client().post("/invitations/accept/", {"token": row_token(link), "password": PASSWORD})
    member = membership_in(organisation, row.email)
    assert member is not None and member.customer_ids == [customer.pk]
    with pytest.raises(Conflict, match="cannot be limited"):
        invite_member(actor, email=new_email(), role="admin", customers=["Acme"])


def test_what_is_no_address_is_told(actor):
    with pytest.raises(Invalid, match="is not an e-mail address"):
        invite_member(actor, email="anna", role="viewer")


def test_another_organisation_sees_none_of_it(actor, make_actor, other_organisation):
    row, _ = invited(actor, new_email())
    stranger = make_actor("owner", organisation=other_organisation)
    assert list_invitations(stranger).items == []
    with pytest.raises(Exception, match="no invitation"):
        withdraw_invitation(stranger, invitation=row.pk)


def test_whoever_is_removed_leaves_no_invitation_behind(actor, make_actor):
    admin = make_actor("admin")
    _, link = invited(admin, new_email())
    remove_member.call(
        actor, {"member": admin.name}, confirmed=remove_member.propose(actor, {"member": admin.name}).digest
    )
    assert Client().get(link).status_code == 409


def test_the_link_is_kept_nowhere(actor, organisation, caplog):
    caplog.set_level(logging.DEBUG)
    email = new_email()
    answer = invite_member.call(actor, {"email": email, "role": "viewer"}, idempotency_key="invite-1").result
    token = row_token(answer.link)
    assert len(token) > 40
    row = Invitation.objects.get(pk=answer.id)
    assert token not in str(vars(row))
    replayed = invite_member.call(actor, {"email": email, "role": "viewer"}, idempotency_key="invite-1")
    assert replayed.replayed and replayed.result.link == ""
    kept = str(list(IdempotencyKey.objects.filter(organization=organisation).values()))
    with tenant(organisation.pk):
        kept += str(list(AuditEvent.objects.values()))
    Client().get(answer.link)
    assert token not in kept and token not in caplog.text


def test_a_machine_waits_for_a_person_and_the_link_is_not_told_to_it(make_actor, organisation):
    person = make_actor("owner")
    machine = person.at(Face.COPILOT, run=Run(asked=True))
    email = new_email()
    with pytest.raises(ApprovalRequired) as waiting:
        invite_member(machine, email=email, role="analyst")
    assert waiting.value.approval.proposal.summary == f"Invite {email} as analyst"
    done = approve_call(person, approval=waiting.value.approval.id)
    assert done.state == "done" and "is invited as analyst" in done.sentence
    row = Invitation.objects.get(email=email)
    token = row_token(mailed_link(row))
    with tenant(organisation.pk):
        assert token not in str(list(Approval.objects.values()))


def test_the_page_shows_the_link_once(client_for, organisation):
    browser = client_for("owner")
    email = new_email()
    answer = browser.post(
        "/settings/members/", {"email": email, "role": "viewer"}, headers={"HX-Request": "true", "HX-Target": "invite"}
    )
    text = answer.content.decode()
    assert "data-shown-once" in text and "/invitations/accept/?token=" in text and "<html" not in text
    later = browser.get("/settings/members/").content.decode()
    assert email in later and "token=" not in later


def test_the_page_tells_what_is_wrong_beside_the_form(client_for):
    answer = client_for("admin").post("/settings/members/", {"email": "x", "role": "viewer"}).content.decode()
    assert "is not an e-mail address" in answer and 'value="x"' in answer
