"""Suggestions: found in what is kept, shown to whom they concern, dismissed for oneself, gone with their fact."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import Anomaly, Recommendation, Suggestion
from analytics.services.suggestions import dismiss_suggestion, list_suggestions
from analytics.suggesting import following
from analytics.suggesting.following import KINDS, take
from analytics.suggesting.keeping import refresh
from analytics.suggesting.words import words_of
from iotsim.core import registry
from iotsim.core.actor import Face, Run
from iotsim.core.errors import ApprovalRequired, NotFound
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from iotsim.core.valkey import client, key_of
from sims.models import Intake, Sim
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, toggle_sim_status
from tests.analytics.savings.making import foresee
from tests.dates import today
from tests.fleet import make_customer, make_plan, make_sim

MB, GB = 10**6, 10**9


def far_off() -> int:
    """A billing day at least eight days ahead."""
    return min((today() + timedelta(days=15)).day, 28)


def running_out(organisation, *, days=3, label="truck-17", plan=None, **fields) -> Sim:
    """A SIM whose forecast passes its quota of 1 GB so many days from now, whatever the day of the month."""
    plan = plan or make_plan(organisation, f"Plan {label}", quota_bytes=GB, billing_day=far_off())
    used = 900 * MB
    start_of = {"cycle_bytes": used, "cycle_as_of": datetime.now(UTC)}
    sim = make_sim(organisation, label=label, plan=plan, **start_of, **fields)
    with tenant(organisation.pk):
        sim = Sim.objects.select_related("plan").get(pk=sim.pk)
    # A sixth of what the cycle still brings: within three days, at any hour of this one.
    row = foresee(sim, 1300, 1500, 1700, used_bytes=used, quota_bytes=GB, exhausts_probability=0.8,
                  exhausts_on=today() + timedelta(days=days))  # fmt: skip
    with tenant(organisation.pk):
        daily = 100 * MB / (days + 0.5)
        row.days_p10, row.days_p50, row.days_p90 = [daily * 0.95] * 31, [daily] * 31, [daily * 1.05] * 31
        row.save()
    return sim


def advise(sim, cents, *, customer=None) -> Recommendation:
    with tenant(sim.organization_id):
        return Recommendation.objects.create(
            organization_id=sim.organization_id, kind="retire_idle", sim_id=sim.pk, from_plan_id=sim.plan_id,
            customer_id=sim.customer_id or 0, cost_cents=cents, worst_cost_cents=cents, saving_cents=cents,
            worst_saving_cents=cents, currency="EUR", confidence="high", history_days=90, since=today(), night=today(),
        )  # fmt: skip


def strange(sim, *, severity="critical", days_ago=0) -> Anomaly:
    day = today() - timedelta(days=days_ago)
    with tenant(sim.organization_id):
        return Anomaly.objects.create(
            organization_id=sim.organization_id, sim_id=sim.pk, customer_id=sim.customer_id, kind="theft",
            severity=severity, rank=["critical", "high", "medium", "low"].index(severity), score=-0.9, first_day=day,
            last_day=day, evidence={"day": day.isoformat(), "bytes": 4_120_000_000},
        )  # fmt: skip


def broken_file(organisation, **fields) -> Intake:
    values = {"kind": "usage", "state": "refused", "name": "june.csv", "reason": "Nobody knows its columns.", **fields}
    with tenant(organisation.pk):
        return Intake.objects.create(organization=organisation, **values)


def keys(actor, **asked):
    return [one.key for one in list_suggestions(actor, **asked).items]


def only(actor, kind):
    [one] = [one for one in list_suggestions(actor).items if one.kind == kind]
    return one


def test_a_sim_that_runs_out_offers_a_quota_that_lasts(actor, organisation):
    sim = running_out(organisation)
    refresh(organisation.pk)
    one = only(actor, "quota")
    assert "SIM truck-17 runs out of data in" in one.words and "900\u00a0MB of 1.00\u00a0GB used" in one.words
    assert one.button == "Upgrade quota" and one.severity in ("high", "critical")
    assert one.offer.service == "update_quota" and one.offer.arguments["sim"] == sim.iccid
    assert one.offer.arguments["quota"] > GB and one.offer.arguments["expected_quota"] == "plan"
    assert one.dialog.startswith(f"/act/update_quota/?sim={sim.iccid}&quota=")


def test_it_is_gone_at_once_when_the_quota_was_raised_and_back_when_that_is_undone(actor, organisation):
    running_out(organisation)
    refresh(organisation.pk)
    offer = only(actor, "quota").offer
    outcome = registry.get(offer.service).call(actor, offer.arguments)
    assert keys(actor) == []
    undo_call(actor, event=outcome.event_id)
    assert len(keys(actor)) == 1


def test_it_is_gone_when_the_sim_uses_nothing_any_more(actor, organisation):
    sim = running_out(organisation)
    refresh(organisation.pk)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend", reason="lost")
    take(organisation.pk, KINDS.index("quota"))  # what a worker does once it hears of it
    assert keys(actor) == []


def test_who_may_not_spend_is_led_to_the_sim_instead(make_actor, organisation):
    sim = running_out(organisation)
    refresh(organisation.pk)
    one = only(make_actor("viewer"), "quota")
    assert one.offer is None and one.button == "Open the SIM" and one.link == f"/sims/{sim.iccid}/"


def test_savings_above_fifty_a_month_lead_to_the_recommendations(actor, organisation):
    plan = make_plan(organisation, "Old")
    sims = [make_sim(organisation, plan=plan, label=f"idle-{n}") for n in range(2)]
    advise(sims[0], 5_000)
    refresh(organisation.pk)
    assert keys(actor) == []
    advise(sims[1], 1)
    refresh(organisation.pk)
    one = only(actor, "savings")
    assert (one.words, one.button, one.link) == (
        "€50.01 a month can be saved, by 2 recommendations.", "View recommendations", "/savings/",
    )  # fmt: skip


def test_new_grave_anomalies_failed_files_and_waiting_requests_are_told(actor, organisation, make_actor):
    sim = make_sim(organisation, label="crane-3", plan=make_plan(organisation, "P"))
    anomaly, file = strange(sim), broken_file(organisation)
    strange(make_sim(organisation, label="old"), days_ago=9)
    strange(make_sim(organisation, label="small"), severity="low")
    machine = make_actor("owner").at(Face.COPILOT, run=Run(asked=True))
    with pytest.raises(ApprovalRequired):
        change_status_in_bulk(machine, action="suspend", sims=[sim.iccid])
    refresh(organisation.pk)
    found = {one.kind: one for one in list_suggestions(actor).items}
    assert found["anomaly"].words.startswith("crane-3, theft: 4.12\u00a0GB")
    assert found["anomaly"].link == f"/anomalies/{anomaly.pk}/" and found["anomaly"].severity == "critical"
    assert found["intake"].words == "june.csv was refused: Nobody knows its columns."
    assert found["intake"].link == f"/imports/{file.pk}/"
    assert found["approval"].words.startswith("1 request waits for your decision: Suspend") and len(found) == 3


def test_a_file_that_was_brought_in_again_is_no_matter_any_more(actor, organisation):
    broken_file(organisation)
    broken_file(organisation, name="half.csv", state="done", refused=3, reason="")
    refresh(organisation.pk)
    assert len(keys(actor)) == 2
    broken_file(organisation, state="done", reason="")
    refresh(organisation.pk)
    assert only(actor, "intake").words == "half.csv: 3 rows were refused and not corrected yet."


def test_what_was_dismissed_is_gone_for_that_person_until_it_changes_much(actor, organisation, make_actor):
    plan = make_plan(organisation, "Old")
    advise(make_sim(organisation, plan=plan), 10_000)
    refresh(organisation.pk)
    outcome = dismiss_suggestion.call(actor, {"suggestion": "savings:EUR"})
    assert keys(actor) == [] and keys(make_actor("manager")) == ["savings:EUR"]
    advise(make_sim(organisation, plan=plan), 2_000)  # a fifth more is not much
    refresh(organisation.pk)
    assert keys(actor) == []
    advise(make_sim(organisation, plan=plan), 1_000)
    refresh(organisation.pk)
    assert keys(actor) == ["savings:EUR"]
    dismiss_suggestion(actor, suggestion="savings:EUR")
    undo_call(actor, event=outcome.event_id)
    assert keys(actor) == ["savings:EUR"]
    with pytest.raises(NotFound, match="is gone"):
        dismiss_suggestion(actor, suggestion="quota:1")


def test_few_of_each_kind_and_what_fits_the_page_first(actor, organisation):
    plan = make_plan(organisation, "Shared", quota_bytes=GB, billing_day=far_off())
    sims = [running_out(organisation, label=f"truck-{n}", days=1 + n % 3, plan=plan) for n in range(6)]
    advise(sims[0], 9_000)
    refresh(organisation.pk)
    kinds = [one.kind for one in list_suggestions(actor, page="/").items]
    assert kinds.count("quota") == 3 and kinds[-1] == "savings"
    last = next(one for one in sims if f"quota:{one.pk}" not in keys(actor))
    assert keys(actor, page=f"/sims/{last.iccid}/")[0] == f"quota:{last.pk}"
    assert keys(actor, page="/savings/?kind=retire_idle")[0] == "savings:EUR"
    assert len(keys(actor, kind="quota")) == 6


def test_who_is_limited_to_customers_hears_of_theirs_only(make_actor, organisation):
    ours, theirs = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    mine = running_out(organisation, label="ours", customer=ours)
    other = running_out(organisation, label="zeppelin", customer=theirs)
    limited = make_actor("owner", customer_ids=[ours.pk])
    advise(mine, 6_000)
    advise(other, 90_000)
    strange(other)
    broken_file(organisation)
    refresh(organisation.pk)
    found = list_suggestions(limited)
    assert [one.key for one in found.items] == [f"quota:{mine.pk}", f"savings:EUR:{ours.pk}"]
    assert "€60.00 a month can be saved for Acme" in found.sentence and "zeppelin" not in found.model_dump_json()
    with pytest.raises(NotFound):
        dismiss_suggestion(limited, suggestion=f"quota:{other.pk}")
    with tenant(organisation.pk):
        Sim.objects.filter(pk=mine.pk).update(customer=theirs)
    assert f"quota:{mine.pk}" not in keys(limited)


def test_another_organisation_hears_nothing(organisation, other_organisation, make_actor):
    running_out(organisation)
    refresh(organisation.pk)
    refresh(other_organisation.pk)
    assert keys(make_actor("owner", organisation=other_organisation)) == []


def test_the_same_found_twice_is_one_and_changes_nothing(actor, organisation):
    running_out(organisation)
    refresh(organisation.pk)
    with tenant(organisation.pk, read_only=True):
        before = list(Suggestion.objects.values("pk", "created_at"))
    refresh(organisation.pk)
    with tenant(organisation.pk, read_only=True):
        assert list(Suggestion.objects.values("pk", "created_at")) == before and len(before) == 1


def test_reading_and_refreshing_take_as_many_queries_however_large_the_fleet(actor, organisation):
    plan = make_plan(organisation, "Shared", quota_bytes=GB, billing_day=far_off())

    def queries():
        with CaptureQueriesContext(connection) as refreshed:
            refresh(organisation.pk)
        with CaptureQueriesContext(connection) as read:
            list_suggestions(actor, page="/")
        return len(refreshed), len(read)

    strange(running_out(organisation, label="first", plan=plan))
    few = queries()
    for n in range(8):
        running_out(organisation, label=f"more-{n}", plan=plan)
        strange(make_sim(organisation, label=f"odd-{n}"))
    assert queries() == few and few[1] <= 14


@pytest.mark.parametrize(
    ("on", "told"),
    [("2026-11-22", "today"), ("2026-11-23", "tomorrow (23 Nov)"), ("2026-11-25", "in 3 days (25 Nov)")],
)
def test_the_day_is_told_as_seen_from_today(on, told):
    facts = {"name": "a", "on": on, "used": 1, "quota": 2, "percent": 71}
    assert f"runs out of data {told}:" in words_of("quota", facts, date(2026, 11, 22))


def test_a_quota_is_raised_to_a_round_figure(actor, organisation):
    running_out(organisation)
    refresh(organisation.pk)
    quota = only(actor, "quota").offer.arguments["quota"]
    assert quota % (10 ** (len(str(quota)) - 2)) == 0
    assert update_quota.propose(actor, only(actor, "quota").offer.arguments).count == 1


def test_a_worker_is_asked_once_for_all_changes_until_it_begins(organisation, actor):
    asked = key_of("suggestions", organisation.pk, "intake")
    following.later(organisation.pk, "intake")
    left = client().ttl(asked)
    following.later(organisation.pk, "intake")  # it waits already, and nothing begins anew
    assert 0 < client().ttl(asked) <= left
    broken_file(organisation)
    take(organisation.pk, KINDS.index("intake"))
    assert len(keys(actor)) == 1 and not client().exists(asked)
