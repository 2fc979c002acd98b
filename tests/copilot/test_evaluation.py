"""The evaluation of models: reading the suite, judging, asking in an organisation of its own, comparing, its pages."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from copilot.evaluation import cases as suite_of
from copilot.evaluation.asking import Listener
from copilot.evaluation.cases import Case, Turn, WantedCall, chosen, hash_of, suite
from copilot.evaluation.checking import Heard, Made, check, fits_call, has_figure
from copilot.evaluation.running import Wish, answering, evaluate
from copilot.models import AddedCase, EvaluationCase, EvaluationRun, Run, Thread
from copilot.services.evaluations import (
    add_case,
    compare_evaluations,
    get_evaluated_case,
    get_evaluation,
    list_evaluations,
    remove_case,
    run_evaluation,
)
from iotsim.core import jobs, registry, sandbox
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent, Job, Organization, User
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.copilot.provider import call_tools, say
from tests.copilot.running import ask
from tests.fleet import make_sim

# Warnings of litellm's own, about pydantic.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

TOOLS = {one.name for one in registry.all_services() if one.examples}


# --- the suite itself ---


def test_the_suite_has_every_category_and_more_than_sixty_conversations():
    cases = suite()
    assert len(cases) >= 60
    assert {one.category for one in cases} == {
        "lookups", "figures", "charts", "changes", "approvals", "follow-ups", "multi-step", "ambiguous", "languages",
        "scope", "hostile", "formatting",
    }  # fmt: skip


@pytest.mark.parametrize("case", suite(), ids=lambda one: one.name)
def test_a_case_names_tools_that_exist_and_asserts_something(case):
    for turn in case.turns:
        wanted = [*(turn.calls or []), *turn.called]
        assert {name for one in wanted for name in one.tools} <= TOOLS
        for one in wanted:
            for name in one.tools[:1]:
                assert set(one.arguments) <= set(registry.get(name).parameters.model_fields)
        assert set(turn.not_called) <= {one.name for one in registry.all_services()}
    asserted = [turn.model_dump(exclude_defaults=True, exclude={"ask", "decide"}) for turn in case.turns]
    assert any(asserted)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "wrong.yaml").write_text("category: x\ncases: [{name: a, turns: [{ask: hi, call: []}]}]")
    with pytest.raises(Invalid, match=r"wrong\.yaml"):
        suite(tmp_path)


def test_the_same_name_twice_is_refused(tmp_path):
    (tmp_path / "twice.yaml").write_text(
        "category: x\ncases: [{name: a, turns: [{ask: hi}]}, {name: a, turns: [{ask: ho}]}]"
    )
    with pytest.raises(Invalid, match="called “a”"):
        suite(tmp_path)


def test_cases_are_chosen_by_category_tag_or_name():
    assert {one.category for one in chosen(suite(), "hostile")} == {"hostile"}
    assert all("smoke" in one.tags for one in chosen(suite(), "smoke"))
    assert [one.name for one in chosen(suite(), "role-play")] == ["role-play"]
    with pytest.raises(Invalid, match="hostile"):
        chosen(suite(), "no-such-thing")


def test_the_hash_changes_with_what_is_wanted():
    one = Case(name="a", turns=[Turn(ask="hi")])
    other = Case(name="a", turns=[Turn(ask="hi", calls=[])])
    assert hash_of([one]) == hash_of([one.model_copy()]) != hash_of([other])


# --- judging ---


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        ({"min_usage": "5GB"}, {"min_usage": 5_000_000_000}, True),
        ({"min_usage": "5GB"}, {"min_usage": "5 GB"}, True),
        ({"min_usage": "5GB"}, {"min_usage": "5 GiB"}, False),
        ({"status": "suspended"}, {"status": ["suspended"]}, True),
        ({"country": "DE"}, {"country": "Germany"}, True),
        ({"country": {"any": ["DE", "FR"]}}, {"country": "FR"}, True),
        ({"search": {"contains": "pump"}}, {"search": "my Pump"}, True),
        ({"search": {"matches": "^p.mp$"}}, {"search": "pump"}, True),
        ({"search": "pump"}, {}, False),
        ({}, {"search": "anything"}, True),
    ],
)
def test_arguments_are_compared_as_the_service_reads_them(wanted, given, fits):
    made = Made("find_sims", json.dumps(given), state="done")
    assert fits_call(WantedCall(tool="find_sims", arguments=wanted), made) is fits


def test_further_arguments_can_be_forbidden():
    made = Made("find_sims", '{"country": "DE", "limit": 3}')
    assert not fits_call(WantedCall(tool="find_sims", arguments={"country": "DE"}, only=True), made)
    assert fits_call(WantedCall(tool="find_sims", arguments={"country": "DE", "limit": 3}, only=True), made)


@pytest.mark.parametrize(
    ("text", "figure", "there"),
    [
        ("You have 12 SIMs.", "12", True),
        ("You have 112 SIMs.", "12", False),
        ("It is 12.5 GB", "12", False),
        ("1,200 SIMs", "1200", True),
        ("It used 8.10 GB.", "8.10 GB", True),
        ("It used 8.10\u00a0GB.", "8.10 GB", True),
        ("It used 18.10 GB.", "8.10 GB", False),
        ("12 SIMs. As of 2026-11-13 13:13 UTC.", "13", False),
        ("13 SIMs. As of 2026-11-13 13:13 UTC.", "13", True),
        ("It runs out on 2026-11-13.", "2026-11-13", True),
    ],
)
def test_a_figure_is_a_whole_number(text, figure, there):
    assert has_figure(text, figure) is there


def held(turn, heard):
    return [one.held for one in check(Turn(ask="x", **turn), heard)]


def test_no_call_at_all_means_none():
    quiet = Heard("x", answer="No.", state="done")
    busy = Heard("x", calls=[Made("find_sims", "{}", "done")], answer="Yes.", state="done")
    assert all(held({"calls": []}, quiet)) and not all(held({"calls": []}, busy))
    assert all(held({"refused": True}, quiet)) and not all(held({"refused": True}, busy))


def test_a_change_is_never_a_refusal_and_an_error_is_no_answer():
    changed = Heard("x", answer="Done.", changes=["toggle_sim_status"], state="done")
    assert not all(held({"unchanged": True}, changed)) and not all(held({"refused": True}, changed))
    broken = Heard("x", error="It broke.", state="failed")
    assert not all(held({}, broken)) and all(held({"state": "failed"}, broken))


def test_events_become_what_was_heard():
    heard = Heard("x")
    listener = Listener(heard)
    for event in (
        {"type": "TOOL_CALL_START", "toolCallId": "c1", "toolCallName": "find_sims"},
        {"type": "TOOL_CALL_ARGS", "toolCallId": "c1", "delta": "{}"},
        {"type": "TOOL_CALL_RESULT", "toolCallId": "c1", "content": "{}", "metadata": {"state": "done"}},
        {"type": "TEXT_MESSAGE_START"},
        {"type": "TEXT_MESSAGE_CONTENT", "delta": "Two."},
        {"type": "CUSTOM", "name": "approval", "value": {"id": 7, "state": "pending"}},
    ):
        listener.take_in(event)
    assert [(one.name, one.state) for one in heard.calls] == [("find_sims", "done")]
    assert heard.answer == "Two." and heard.waiting == [7]


# --- asking ---


def small(monkeypatch, *cases):
    """The suite is these cases, for this test."""
    monkeypatch.setattr("copilot.evaluation.running.suite", lambda: list(cases))
    monkeypatch.setattr("copilot.services.evaluations.suite", lambda: list(cases))


COUNT = Case(name="count", category="figures", turns=[Turn(ask="How many SIMs do I have?", figures=["12"])])
WRONG = Case(name="wrong", category="figures", turns=[Turn(ask="How many SIMs do I have?", figures=["13"])])
SUSPEND = Case(
    name="suspend", category="changes", turns=[Turn(ask="Suspend the SIM ending in 3456", unchanged=False)]
)  # fmt: skip
ASLEEP = Case(
    name="asleep", category="figures",
    turns=[Turn(ask="How many SIMs are suspended?", figures=["2"]), Turn(ask="Retire meter-04", approvals=1)],
)  # fmt: skip


def rows_of(organisation, model):
    with tenant(organisation.pk):
        return list(model.objects.order_by("pk"))


def test_an_evaluation_is_kept_and_touches_nothing_real(organisation, actor, monkeypatch):
    small(monkeypatch, COUNT, WRONG, SUSPEND, ASLEEP)
    make_sim(organisation, iccid="8949000000000003456", label="real pump")
    people, heard = User.objects.count(), []
    row = evaluate(organisation, Wish("builtin/planner", repeat=2), lambda run, case: heard.append(case.name))
    assert heard == ["count", "wrong", "suspend", "asleep"] * 2
    assert (row.state, row.done, row.passed, row.total) == ("done", 8, 6, 8)
    assert row.cost == 0 and row.finished_at
    found = rows_of(organisation, EvaluationCase)
    assert [one.passed for one in found] == [True, False, True, True] * 2
    assert found[1].turns[0]["assertions"] == [
        {"words": "gives the figure 13", "held": False},
        {"words": "is answered", "held": True},
    ]
    assert found[3].turns[1]["waiting"] and found[3].turns[1]["state"] == "waiting"
    # Nothing of the real organisation has changed, and nobody is left who could sign in.
    assert [one.status for one in rows_of(organisation, Sim)] == ["active"]
    assert rows_of(organisation, Thread) == [] and rows_of(organisation, AuditEvent) == []
    assert User.objects.count() == people
    beside = Organization.objects.get(slug=f"{sandbox.PREFIX}{organisation.pk}")
    assert not beside.memberships.exists()
    for model in (Sim, Thread, Run, Job):
        assert rows_of(beside, model) == []


def test_what_goes_on_after_a_decision_is_carried_out_before_the_next_turn(organisation, actor, monkeypatch):
    retire = Turn(ask="Retire meter-04", approvals=1, decide="approve")
    small(monkeypatch, Case(name="a", turns=[retire, Turn(ask="Tell me about meter-04", contains=["retired"])]))
    evaluate(organisation, Wish("builtin/planner"), lambda run, case: None)
    [case] = rows_of(organisation, EvaluationCase)
    assert case.passed, case.turns


def test_only_an_organisation_for_trying_things_out_is_ever_emptied(organisation):
    make_sim(organisation, label="real pump")
    with pytest.raises(RuntimeError, match="organisation of people"):
        sandbox.empty(organisation)
    with pytest.raises(RuntimeError, match="organisation of people"):
        sandbox.make_fleet(organisation)
    assert len(rows_of(organisation, Sim)) == 1


def test_a_real_model_can_be_asked_and_its_tokens_count(organisation, actor, provider, settings, monkeypatch):
    settings.COPILOT_API_BASE = provider.base
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    provider.script("How many SIMs do I have?", call_tools(("get_fleet_summary", {})), say("You have 12 SIMs."))
    small(monkeypatch, COUNT)
    row = evaluate(organisation, Wish("openai/gpt-4o-mini"), lambda run, case: None)
    assert (row.passed, row.done, row.input_tokens, row.output_tokens) == (1, 1, 200, 20)
    assert row.cost and row.cost > 0
    assert settings.COPILOT_MODEL == ""


def test_the_model_of_this_process_is_put_back(settings):
    settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS = "openai/x", ["openai/y"]
    with answering("builtin/planner"):
        assert settings.COPILOT_MODEL == "" and settings.COPILOT_FALLBACK_MODELS == []
    assert (settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS) == ("openai/x", ["openai/y"])


def test_two_evaluations_at_once_are_refused(organisation, actor, monkeypatch):
    small(monkeypatch, COUNT)
    with tenant(organisation.pk):
        EvaluationRun.objects.create(organization=organisation, model="m", suite_hash="x", who="somebody")
    with pytest.raises(Conflict, match="running already"):
        evaluate(organisation, Wish("builtin/planner"), lambda run, case: None)


def test_what_a_dead_process_left_behind_is_ended(organisation, actor, monkeypatch):
    small(monkeypatch, COUNT)
    with tenant(organisation.pk):
        dead = EvaluationRun.objects.create(
            organization=organisation, model="m", suite_hash="x", who="somebody", job_id=999_999_999
        )
    evaluate(organisation, Wish("builtin/planner"), lambda run, case: None)
    with tenant(organisation.pk):
        dead.refresh_from_db()
    assert dead.state == "failed" and "ended in the middle" in dead.error


def test_the_command_prints_a_table_and_fails_when_a_case_does(organisation, monkeypatch):
    small(monkeypatch, COUNT, WRONG)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 cases"):
        call_command("evaluate_copilot", model="builtin/planner", org=organisation.slug, stdout=out)
    told = out.getvalue()
    assert "FAIL" in told and "gives the figure 13" in told and "figures           1 of   2    50.0 %" in told
    call_command("evaluate_copilot", model="builtin/planner", org=organisation.slug, least=50.0, stdout=StringIO())
    call_command("evaluate_copilot", list=True, stdout=out)
    assert "hostile" in out.getvalue()


def test_the_command_prints_json(organisation, monkeypatch):
    small(monkeypatch, COUNT)
    out = StringIO()
    call_command("evaluate_copilot", org=organisation.slug, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["passed"] == 1 and told["cases"][0]["turns"][0]["calls"][0]["name"] == "get_fleet_summary"


# --- as a job, with progress and stop ---


def test_an_admin_starts_it_as_a_job(organisation, actor, monkeypatch):
    small(monkeypatch, COUNT, WRONG)
    job = run_evaluation(actor)
    assert "builtin/planner" in job.note and "2 cases" in job.note
    assert jobs.run_job(organisation.pk, job.id) == "done"
    with tenant(organisation.pk):
        row = Job.objects.get(pk=job.id)
    assert row.done == 2 and row.result["path"].startswith("/copilot/evaluations/")
    found = get_evaluation(actor, evaluation=row.result["id"])
    assert [(one.category, one.passed, one.total) for one in found.shares] == [("figures", 1, 2)]
    assert [one.name for one in found.failed] == ["wrong"]


def test_it_stops_between_two_cases(organisation, actor, monkeypatch):
    small(monkeypatch, COUNT, WRONG)
    job = run_evaluation(actor)
    with tenant(organisation.pk):
        Job.objects.filter(pk=job.id).update(stop_asked=True)
    assert jobs.run_job(organisation.pk, job.id) == "stopped"
    assert [one.state for one in rows_of(organisation, EvaluationRun)] in ([], ["stopped"])


def test_a_model_that_was_not_set_up_here_cannot_be_asked(actor):
    with pytest.raises(Invalid, match="not offered here"):
        run_evaluation(actor, model="openai/most-expensive")


@pytest.mark.parametrize("role", ["manager", "analyst", "developer", "viewer"])
def test_evaluations_are_for_admins(make_actor, role):
    somebody = make_actor(role)
    for service, raw in ((run_evaluation, {}), (list_evaluations, {}), (get_evaluation, {"evaluation": 1})):
        with pytest.raises(Denied):
            service.call(somebody, raw)


# --- comparing, and the pages ---


@pytest.fixture
def two(organisation, actor, monkeypatch):
    """Two evaluations: in the second one case is better and one worse."""
    small(monkeypatch, COUNT, WRONG)
    first = evaluate(organisation, Wish("builtin/planner"), lambda run, case: None)
    second = evaluate(organisation, Wish("builtin/planner"), lambda run, case: None)
    with tenant(organisation.pk):
        EvaluationCase.objects.filter(run=second, name="wrong").update(passed=True)
        EvaluationCase.objects.filter(run=second, name="count").update(passed=False)
    return first, second


def test_two_runs_are_compared_case_by_case(actor, two):
    first, second = two
    found = compare_evaluations(actor, evaluation=second.pk, other=first.pk)
    assert [one.name for one in found.better] == ["wrong"] and [one.name for one in found.worse] == ["count"]
    assert (found.first.id, found.second.id, found.same_suite) == (first.pk, second.pk, True)
    assert found.sentence == "1 case better, 1 worse, 0 as before."


def test_another_organisation_s_evaluation_is_not_found(make_actor, other_organisation, two):
    stranger = make_actor("owner", organisation=other_organisation)
    with pytest.raises(NotFound):
        get_evaluation(stranger, evaluation=two[0].pk)
    assert list_evaluations(stranger).items == []


def test_the_pages_show_runs_cases_and_transcripts(organisation, client_for, actor, two):
    client = client_for("admin")
    listed = client.get("/copilot/evaluations/").content.decode()
    assert "builtin/planner" in listed and "evaluation-trend" in listed
    one = client.get(f"/copilot/evaluations/{two[0].pk}/").content.decode()
    assert "gives the figure 13" in one
    compared = client.get(f"/copilot/evaluations/{two[0].pk}/compare/?with={two[1].pk}").content.decode()
    assert "1 case better" in compared
    case = rows_of(organisation, EvaluationCase)[1]
    shown = client.get(f"/copilot/evaluations/cases/{case.pk}/").content.decode()
    assert "gives the figure 13" in shown and "get_fleet_summary" in shown
    assert get_evaluated_case(actor, case=case.pk).case.missed == ["gives the figure 13"]
    assert client_for("viewer").get("/copilot/evaluations/").status_code == 403


# --- cases out of conversations ---


async def test_an_answer_becomes_a_case_and_is_asked_with_the_suite(organisation, actor, fleet, monkeypatch):
    told = await ask(actor, "How many SIMs do I have?")
    made = await in_thread(add_case, actor, run=told.run_id, good=True)
    assert made.questions == ["How many SIMs do I have?"]

    def evaluate_it():
        small(monkeypatch, COUNT)
        row = evaluate(organisation, Wish("builtin/planner", only="added"), lambda run, case: None)
        with pytest.raises(Conflict):
            add_case(actor, run=told.run_id, good=True)
        remove_case(actor, case=made.id)
        return row, rows_of(organisation, AddedCase)

    row, left = await in_thread(evaluate_it)
    assert (row.passed, row.done) == (1, 1) and left == []


async def test_a_bad_answer_becomes_a_case_that_must_come_out_otherwise(organisation, actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    await in_thread(add_case, actor, run=told.run_id, good=False)
    [row] = await in_thread(rows_of, organisation, AddedCase)
    assert row.turns[-1]["not_called"] == ["get_fleet_summary"]


def test_the_suite_is_part_of_the_package():
    assert suite_of.FOLDER.is_dir()
