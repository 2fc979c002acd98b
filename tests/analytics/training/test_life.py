"""A model's life: trained as a challenger, promoted by a person, compared, rolled back."""

from datetime import timedelta

import pytest

from analytics.models import CustomerSnapshot, ModelVersion
from analytics.services.churn import explain_prediction, predict_churn
from analytics.services.models import (
    apply_model,
    get_model,
    list_models,
    promote_model,
    roll_back_model,
    start_trainings,
    train_model,
)
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, NotFound
from iotsim.core.models import AuditEvent, Job, Organization
from iotsim.core.services import approve_call
from iotsim.core.tenancy import tenant
from sims.models import Customer
from tests.analytics.training.world import LAST, make_churn_world, run_newest_job


@pytest.fixture
def world(organisation):
    make_churn_world(organisation)
    return organisation


def trained(actor, organisation):
    train_model(actor, model="churn")
    job = run_newest_job(organisation)
    assert job.state == "done", job.error
    return job


def versions(organisation):
    with tenant(organisation.pk):
        return list(ModelVersion.objects.order_by("version"))


def promote(actor, **arguments):
    """As a person on a page does: look at the proposal, then confirm it."""
    with pytest.raises(ConfirmationRequired) as shown:
        promote_model(actor, model="churn", **arguments)
    return promote_model.call(actor, {"model": "churn", **arguments}, confirmed=shown.value.proposal.digest).result


def test_a_training_makes_a_challenger_with_figures_of_later_days(world, actor):
    job = trained(actor, world)
    [row] = versions(world)
    assert row.stage == "challenger" and row.version == 1 and row.trained_by == actor.name
    assert row.metrics["auc"] > 0.75 and 0 <= row.metrics["calibration_error"] < 0.3
    assert row.dataset["held_from"] > row.dataset["first_day"] and len(row.dataset["id"]) == 64
    assert row.mlflow_run_id and row.note == ""
    assert "nothing changes until" in job.result["sentence"] or "promote it to use it" in job.result["sentence"]


def test_the_same_data_have_the_same_id_and_make_the_same_model(world, actor):
    trained(actor, world)
    trained(actor, world)
    first, second = versions(world)
    assert first.dataset["id"] == second.dataset["id"] and first.sha256 == second.sha256
    assert first.stage == "retired" and "version 2 came after it" in first.note


def test_a_person_sees_the_figures_before_a_version_is_used(world, actor):
    trained(actor, world)
    with pytest.raises(ConfirmationRequired) as shown:
        promote_model(actor, model="churn")
    proposal = shown.value.proposal
    assert proposal.summary == "Use version 1 of churn" and proposal.count == 1
    assert any(change.label == "AUC" and change.before == "–" for change in proposal.changes)
    answer = promote(actor)
    assert answer.version == 1 and answer.before is None
    [row] = versions(world)
    assert row.stage == "champion" and row.promoted_by == actor.name
    with tenant(world.pk):
        assert AuditEvent.objects.get(service="promote_model").who == actor.name


def test_the_champion_judges_customers_and_gives_its_reasons(world, actor):
    trained(actor, world)
    promote(actor)
    apply_model(world.pk, versions(world)[0].pk)
    page = predict_churn(actor, limit=5)
    assert page.is_learned and page.items[0].probability >= page.items[-1].probability
    assert "Learned model of churn, version 1" in page.basis
    told = explain_prediction(actor, customer=page.items[0].customer)
    assert told.is_learned and "probability" in told.sentence and told.parts[0].words
    following = predict_churn(actor, limit=5, cursor=page.next_cursor)
    assert not {one.customer_id for one in page.items} & {one.customer_id for one in following.items}


def test_a_later_version_is_judged_beside_the_champion_and_changes_nothing_by_itself(world, actor):
    trained(actor, world)
    promote(actor)
    job = trained(actor, world)
    first, second = versions(world)
    assert first.stage == "champion" and second.stage == "challenger"
    assert second.beside["version"] == 1 and second.beside["auc"] == first.metrics["auc"]
    assert "against" in job.result["sentence"] and "nothing changes until it is promoted" in job.result["sentence"]


def test_a_worse_version_is_warned_of(world, actor):
    trained(actor, world)
    promote(actor)
    trained(actor, world)
    with pytest.raises(ConfirmationRequired) as equal:
        promote_model(actor, model="churn")
    assert equal.value.proposal.warnings == []
    assert all(one.is_better is None for one in get_model(actor, model="churn").versions[0].figures)
    with tenant(world.pk):
        row = ModelVersion.objects.get(version=2)
        row.metrics = {**row.metrics, "auc": 0.51}
        row.save()
    with pytest.raises(ConfirmationRequired) as shown:
        promote_model(actor, model="churn")
    assert any("worse than version 1" in one for one in shown.value.proposal.warnings)


def test_rolling_back_brings_the_version_before_into_use(world, actor):
    trained(actor, world)
    promote(actor)
    trained(actor, world)
    promote(actor)
    with pytest.raises(ConfirmationRequired) as shown:
        roll_back_model(actor, model="churn")
    assert shown.value.proposal.summary == "Go back to version 1 of churn"
    answer = roll_back_model.call(actor, {"model": "churn"}, confirmed=shown.value.proposal.digest).result
    assert answer.version == 1 and answer.before == 2
    assert [row.stage for row in versions(world)] == ["champion", "retired"]


def test_rolling_back_the_first_version_leaves_none_in_use(world, actor):
    trained(actor, world)
    promote(actor)
    with pytest.raises(ConfirmationRequired) as shown:
        roll_back_model(actor, model="churn")
    assert "nothing learned is used" in shown.value.proposal.warnings[0]
    roll_back_model.call(actor, {"model": "churn"}, confirmed=shown.value.proposal.digest)
    apply_model(world.pk, versions(world)[0].pk)
    assert not predict_churn(actor).is_learned
    with tenant(world.pk):
        assert not CustomerSnapshot.objects.filter(probability__isnull=False).exists()


def test_a_machine_waits_for_a_person_to_promote(world, actor, make_actor):
    trained(actor, world)
    machine = make_actor("owner", "copilot")
    machine.run.asked = True
    with pytest.raises(ApprovalRequired) as waiting:
        promote_model(machine, model="churn")
    assert versions(world)[0].stage == "challenger"
    approve_call(actor, approval=waiting.value.approval.id)
    assert versions(world)[0].stage == "champion"
    with tenant(world.pk):
        event = AuditEvent.objects.get(service="promote_model", outcome="done")
    assert event.who == machine.name and event.approved_by == actor.name


def test_a_second_training_at_once_is_refused(world, actor):
    train_model(actor, model="churn")
    with pytest.raises(Conflict, match="is being trained already"):
        train_model(actor, model="churn")


def test_a_training_that_is_stopped_leaves_no_version(world, actor):
    train_model(actor, model="churn")
    with tenant(world.pk):
        Job.objects.update(stop_asked=True)
    assert run_newest_job(world).state == "stopped"
    assert versions(world) == []


def test_a_job_that_is_run_again_makes_no_second_version(world, actor):
    job = trained(actor, world)
    with tenant(world.pk):
        Job.objects.filter(pk=job.pk).update(state="queued")
    assert run_newest_job(world).state == "done" and len(versions(world)) == 1


def test_too_little_to_learn_from_is_said_exactly(organisation, actor):
    make_churn_world(organisation, customers=10, leavers=4)
    with pytest.raises(Conflict, match="4 of 50 churned customers"):
        train_model(actor, model="churn")
    card = next(one for one in list_models(actor).items if one.name == "churn")
    assert card.state == "waiting" and "4 of 50 churned customers" in card.summary


def test_nobody_who_left_in_the_days_held_back_is_a_clear_sentence(world, actor):
    with tenant(world.pk):
        late = Customer.objects.filter(left_on__gt=LAST - timedelta(days=60))
        late.update(left_on=LAST - timedelta(days=150))
    train_model(actor, model="churn")
    job = run_newest_job(world)
    assert job.state == "failed" and "could not be judged" in job.error
    assert versions(world) == []


def test_an_unknown_model_or_version_is_named(world, actor):
    with pytest.raises(NotFound, match="no model called weather; there are churn and usage"):
        get_model(actor, model="weather")
    with pytest.raises(NotFound, match="no version of churn that waits"):
        promote_model(actor, model="churn")
    with pytest.raises(NotFound, match="no version 7 of churn"):
        promote_model(actor, model="churn", version=7)
    with pytest.raises(Conflict, match="nothing to roll back"):
        roll_back_model(actor, model="churn")


def test_a_version_of_another_organisation_is_none(world, actor, make_actor, other_organisation):
    trained(actor, world)
    stranger = make_actor("owner", organisation=other_organisation)
    assert get_model(stranger, model="churn").versions == []
    with pytest.raises(NotFound):
        promote_model(stranger, model="churn", version=1)
    assert predict_churn(stranger).items == []


def test_who_looks_after_some_customers_sees_theirs_and_trains_nothing(world, make_actor):
    with tenant(world.pk):
        mine = CustomerSnapshot.objects.order_by("-day", "customer_id").first().customer_id
    limited = make_actor("admin", customer_ids=[mine])
    assert [one.customer_id for one in predict_churn(limited).items] == [mine]
    assert list_models(limited).items == []
    for call in (train_model, promote_model, roll_back_model, get_model):
        with pytest.raises(Denied, match="some only"):
            call(limited, model="churn")


def test_only_administrators_change_models(world, make_actor):
    for call in (train_model, promote_model, roll_back_model):
        with pytest.raises(Denied):
            call(make_actor("manager"), model="churn")


def test_beat_asks_once_a_week_for_what_can_be_trained(world, other_organisation):
    other = {one.pk for one in Organization.objects.exclude(pk=world.pk)}
    assert other and start_trainings() >= 1
    before = start_trainings()
    assert before == 0
    [row] = [run_newest_job(world)]
    assert row.state == "done" and versions(world)[0].trained_by == "iotsim"
