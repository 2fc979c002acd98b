"""Choosing the model: who may, what it asks for, what it means, and the pages that show it and its cost."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from copilot.choice import choice_of
from copilot.models import ModelCall
from copilot.services.choice import change_copilot_settings, get_copilot_settings
from copilot.services.spending import get_copilot_spending
from iotsim.core.errors import ConfirmationRequired, Denied, Invalid
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant

OUTSIDE = "anthropic/claude-sonnet-4-5"


@pytest.fixture(autouse=True)
def _offered(settings):
    settings.COPILOT_MODEL, settings.COPILOT_MODELS = "", [OUTSIDE, "ollama/llama3"]


def confirmed(actor, **given):
    """Change as a person who has seen what would leave."""
    with pytest.raises(ConfirmationRequired) as asked:
        change_copilot_settings.call(actor, given)
    return change_copilot_settings.call(actor, given, confirmed=asked.value.proposal.digest), asked.value.proposal


def test_the_planner_answers_until_somebody_chooses(actor):
    found = get_copilot_settings(actor)
    assert (found.model, found.by_admin, found.outside) == ("builtin/planner", False, False)
    assert [one.name for one in found.models] == [OUTSIDE, "ollama/llama3", "builtin/planner"]
    assert "Nothing leaves" in found.sentence


def test_what_the_operator_has_set_answers_until_an_admin_turns_it_off(actor, settings):
    settings.COPILOT_MODEL = OUTSIDE
    choice = choice_of(actor.organization_id)
    assert (choice.model, choice.outside, choice.masking, choice.by_admin) == (OUTSIDE, True, True, False)
    change_copilot_settings(actor, model="builtin/planner")
    assert choice_of(actor.organization_id).is_planner


def test_sending_data_out_is_confirmed_with_the_facts(actor):
    outcome, proposal = confirmed(actor, model=OUTSIDE)
    assert proposal.summary == f"Send questions and results to {OUTSIDE}"
    assert [(one.field, one.before, one.after) for one in proposal.changes] == [
        ("model", "builtin/planner", OUTSIDE),
        ("masking", "nothing leaves", "names and numbers"),
    ]
    assert "cannot be taken back" in proposal.warnings[0]
    assert outcome.sentence.startswith("Changed: model. Answered by anthropic/")
    _, proposal = confirmed(actor, masking="never")
    assert [(one.field, one.after) for one in proposal.changes] == [("masking", "nothing")]


def test_what_stays_here_is_changed_at_once_and_can_be_undone(actor):
    outcome = change_copilot_settings.call(actor, {"model": "ollama/llama3"})
    assert outcome.can_undo and not choice_of(actor.organization_id).outside
    undo_call(actor, event=outcome.event_id)
    assert choice_of(actor.organization_id).is_planner


def test_going_back_to_a_model_outside_is_no_undo(actor):
    confirmed(actor, model=OUTSIDE)
    outcome = change_copilot_settings.call(actor, {"model": "builtin/planner"})
    assert not outcome.can_undo and choice_of(actor.organization_id).is_planner


def test_a_model_that_is_offered_no_more_gives_way_to_the_planner(actor, settings):
    confirmed(actor, model=OUTSIDE)
    settings.COPILOT_MODELS = ["openai/gpt-4o"]
    choice = choice_of(actor.organization_id)
    assert choice.is_planner and choice.lost == OUTSIDE
    assert "not offered any more" in get_copilot_settings(actor).sentence


def test_only_what_is_offered_may_be_chosen(actor):
    with pytest.raises(Invalid, match=r"is not offered here\. Choose one of: anthropic/"):
        change_copilot_settings(actor, model="openai/gpt-4o")
    with pytest.raises(Invalid, match="at most 8, as the server has it; 9 is more"):
        change_copilot_settings(actor, max_steps=9)
    with pytest.raises(Invalid):
        change_copilot_settings(actor, budget_month="-1")
    with pytest.raises(Invalid, match="Say what to change"):
        change_copilot_settings(actor)


def test_budgets_and_caps_are_set_and_taken_away(actor):
    change_copilot_settings(actor, budget_month="12.50", user_budget_day="0.5", max_steps="4")
    choice = choice_of(actor.organization_id)
    assert (choice.budgets.month, choice.budgets.user_day, choice.caps.steps) == (Decimal("12.50"), Decimal("0.50"), 4)
    outcome = change_copilot_settings.call(actor, {"budget_month": "", "max_steps": ""})
    choice = choice_of(actor.organization_id)
    assert (choice.budgets.month, choice.budgets.user_day, choice.caps.steps) == (None, Decimal("0.50"), 8)
    undo_call(actor, event=outcome.event_id)
    assert choice_of(actor.organization_id).budgets.month == Decimal("12.50")


@pytest.mark.parametrize("role", ["manager", "analyst", "developer", "viewer"])
def test_only_owners_and_admins_choose(make_actor, role):
    with pytest.raises(Denied):
        change_copilot_settings(make_actor(role), model="ollama/llama3")
    with pytest.raises(Denied):
        get_copilot_settings(make_actor(role))


def test_a_machine_may_not_choose_its_own_model(make_actor):
    with pytest.raises(Denied, match="for people"):
        change_copilot_settings(make_actor("owner", "copilot"), model="ollama/llama3")


def test_no_key_stands_in_the_audit_log(actor, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret-of-the-test")
    confirmed(actor, model=OUTSIDE)
    with tenant(actor.organization_id):
        kept = [str(one.arguments) + one.sentence for one in AuditEvent.objects.all()]
    assert kept and not any("sk-secret" in one for one in kept)


# --- spending ---


def spent(actor, *, cost="0.5", days_ago=0, model=OUTSIDE, **fields):
    with tenant(actor.organization_id):
        row = ModelCall.objects.create(
            organization_id=actor.organization_id, run_id=1, thread_id=1, user_id=fields.pop("user_id", actor.user_id),
            step=1, model=model, provider=model.partition("/")[0], state=fields.pop("state", "done"),
            cost=None if cost is None else Decimal(cost), input_tokens=1000, cached_tokens=100, output_tokens=50,
            **fields,
        )  # fmt: skip
        ModelCall.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days_ago))


def test_spending_is_told_by_day_person_and_model(actor, make_actor):
    other = make_actor("viewer")
    today = timezone.now().date()
    spent(actor)
    spent(actor, cost="0.25", model="openai/gpt-4o", days_ago=1)
    spent(actor, cost=None, model="openai/of-our-own")
    spent(other, cost="1.00")
    spent(actor, cost="9", days_ago=40)
    spent(actor, cost=None, state="reserved", reserved=Decimal(7))
    found = get_copilot_spending(actor, start_date=today - timedelta(days=2), end_date=today)
    assert (found.total.calls, found.total.cost, found.total.unpriced) == (4, Decimal("1.75"), 1)
    assert (found.total.input_tokens, found.total.cached_tokens, found.total.output_tokens) == (4000, 400, 200)
    assert [one.cost for one in found.days] == [Decimal("0.25"), Decimal("1.50")]
    assert [(one.name, one.cost) for one in found.people] == [(other.name, 1), (actor.name, Decimal("0.75"))]
    assert [one.name for one in found.models] == [OUTSIDE, "openai/gpt-4o", "openai/of-our-own"]
    assert found.figure["data"][0]["y"] == [0, 0.25, 1.5]
    assert "$1.75 on 4 calls" in found.sentence and "price of 1 call is not known" in found.sentence


def test_a_person_sees_what_they_spent_themselves(actor, make_actor):
    viewer = make_actor("viewer")
    change_copilot_settings(actor, budget_month=5, user_budget_month=2)
    spent(actor, cost="3")
    spent(viewer, cost="0.5")
    found = get_copilot_spending(viewer)
    assert found.own and found.total.cost == Decimal("0.5") and [one.name for one in found.people] == [viewer.name]
    assert [(one.words, one.left) for one in found.limits] == [("Your budget for this month", Decimal("1.5"))]
    assert len(get_copilot_spending(actor).limits) == 2


def test_nothing_of_another_organisation_is_counted(actor, make_actor, other_organisation):
    stranger = make_actor("owner", organisation=other_organisation)
    spent(stranger, cost="5")
    assert get_copilot_spending(actor).total.calls == 0


def test_a_span_of_time_that_cannot_be_is_refused(actor):
    today = timezone.now().date()
    with pytest.raises(Invalid, match="is after the last one"):
        get_copilot_spending(actor, start_date=today, end_date=today - timedelta(days=1))
    with pytest.raises(Invalid, match="more than 366 days"):
        get_copilot_spending(actor, start_date=today - timedelta(days=800), end_date=today)


def test_the_pages_show_what_holds(client_for, organisation, actor):
    client = client_for("admin")
    spent(actor, cost="1.25", user_id=actor.user_id)
    page = client.get("/settings/copilot/").content.decode()
    assert OUTSIDE in page and "Nothing leaves this machine" in page and 'value="builtin/planner" checked' in page
    page = client.get("/copilot/spending/").content.decode()
    assert "$1.25" in page and actor.name in page and "figure-spending" in page
    assert (
        "is after the last one"
        in client.get("/copilot/spending/?start_date=2026-02-02&end_date=2026-01-01").content.decode()
    )
    assert client_for("viewer").get("/settings/copilot/").status_code == 403
    assert "No model was asked" in client_for("viewer").get("/copilot/spending/").content.decode()


def test_spending_as_csv_holds_no_formula(client_for, actor):
    spent(actor, cost="0.123456789", model="=cmd|'/bin/sh'")
    answer = client_for("owner").get("/copilot/spending.csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Type"].startswith("text/csv") and len(lines) == 1
    assert lines[0]["Model"].startswith("'=cmd") and lines[0]["US dollars"] == "0.123456789"
    assert (lines[0]["Person"], lines[0]["Tokens read"]) == (actor.name, "1000")


def test_the_form_asks_before_data_leave(client_for):
    client = client_for("owner")
    given = {"model": OUTSIDE, "masking": "outside", "fields": "model masking mask_labels"}
    asked = client.post("/act/change_copilot_settings/", given, headers={"HX-Request": "true"})
    assert asked.status_code == 409 and f"Send questions and results to {OUTSIDE}" in asked.content.decode()
    saved = client.post(
        "/act/change_copilot_settings/", {"budget_month": "", "budget_day": "3", "fields": "budget_month budget_day"},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert saved.status_code == 200 and "Changed: day" in saved.content.decode()
