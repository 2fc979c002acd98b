"""Approving what rests on facts that moved: nothing runs, the person is told what moved, and it is asked anew."""

import pytest

from iotsim.core.actor import Face, Run
from iotsim.core.errors import ApprovalRequired
from iotsim.core.services import approve_call, get_approval, list_approvals
from sims.services.status import change_status_in_bulk, toggle_sim_status
from tests.fleet import make_sim

HTMX = {"HX-Request": "true"}


@pytest.fixture
def request_id(actor, organisation) -> int:
    """The copilot asked to suspend two SIMs; then somebody suspended one of them."""
    sims = [make_sim(organisation, label=label) for label in ("crane", "digger")]
    machine = actor.at(Face.COPILOT, run=Run(id="r", asked=True))
    with pytest.raises(ApprovalRequired) as waiting:
        change_status_in_bulk(machine, action="suspend", sims=[sim.iccid for sim in sims])
    toggle_sim_status(actor, sim=sims[0].iccid, action="suspend")
    return waiting.value.approval.id


def test_the_answer_says_what_moved_and_what_waits_now(actor, request_id):
    answer = approve_call(actor, approval=request_id)
    assert answer.state == "stale"
    assert "nothing was done" in answer.sentence and "it would change 1 now, not 2" in answer.sentence
    (fresh,) = list_approvals(actor, state="pending").items
    assert f"Asked again as request {fresh.id}" in answer.sentence
    assert "it would change 1 now, not 2" in fresh.why and fresh.proposal.count == 1
    assert approve_call(actor, approval=fresh.id).state == "done"


def test_the_page_says_it_and_shows_the_new_proposal(client_for, actor, request_id):
    browser = client_for("owner")
    toast = browser.post("/act/approve_call/", {"approval": request_id}, headers=HTMX).content.decode()
    assert "nothing was done" in toast and "it would change 1 now, not 2" in toast
    page = browser.get("/approvals/").content.decode()
    assert "it would change 1 now, not 2" in page and f"/approvals/{request_id}/edit/" not in page
    assert f'It takes the place of <a href="/approvals/{request_id}/">' in page
    overtaken = browser.get("/approvals/?state=stale").content.decode()
    assert "Asked again as request" in overtaken


def test_a_value_that_moved_is_named_with_both(actor, organisation):
    from sims.services.quota import update_quota

    sim = make_sim(organisation, label="crane", quota_bytes=10**9)
    machine = actor.at(Face.COPILOT, run=Run(id="r"))
    with pytest.raises(ApprovalRequired) as waiting:
        update_quota(machine, sim=sim.iccid, quota="2 GB")
    update_quota(actor, sim=sim.iccid, quota="1.5 GB")
    answer = approve_call(actor, approval=waiting.value.approval.id)
    assert "quota is 1.50\xa0GB now, it was 1.00\xa0GB" in answer.sentence
    assert get_approval(actor, approval=waiting.value.approval.id).state == "stale"
