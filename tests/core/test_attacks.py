"""What somebody with bad intent, or bad luck, may send: it is refused in a sentence, and nothing leaks."""

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotsim.core import registry
from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired, Conflict, Denied, Invalid, IotsimError, NotFound
from iotsim.core.keys import create_key
from iotsim.core.models import Approval, AuditEvent, Upload
from iotsim.core.roles import Permission
from iotsim.core.services import approve_call, get_approval, list_approvals, reject_call, undo_call
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import store_upload
from sims.models import Sim, SimTag, Tag
from sims.naming import find_sim
from sims.services.choices import list_filter_choices
from sims.services.fleet import find_sims
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, restore_status, retire_sim, toggle_sim_status
from sims.services.tags import tag_sims
from tests.fleet import make_customer, make_plan, make_sim

SERVICES = list(registry.all_services())
EVERY = pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.name)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def api(make_membership):
    return Client(headers={"Authorization": f"Bearer {create_key(make_membership('owner'))[1]}"})


def events(organisation) -> list[AuditEvent]:
    with tenant(organisation.pk):
        return list(AuditEvent.objects.order_by("pk"))


def status_of(sim) -> str:
    with tenant(sim.organization_id):
        return Sim.objects.get(pk=sim.pk).status


def machine(actor) -> Actor:
    return actor.at(Face.COPILOT, run=Run(id="run-1", asked=True))


def at_once(*calls) -> list[object]:
    """The calls' answers, or the names of their errors, each from a thread of its own."""

    def run(call):
        try:
            return call()
        except IotsimError as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [one.result() for one in [threads.submit(run, call) for call in calls]]


# --- whatever is sent, no error of ours ---

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**17, 10**40), st.floats(), st.text(max_size=30),
    st.sampled_from([
        "\0", "a\0b", "\ud800", "\\u0000", "0", "00", "-1", "5GB", "9" * 400 + "GB", "1e999", "NaN", "0001-01-01",
        "9999-12-31", "99999999999 days ago", "5000 months ago", "%", "'; --", "<script>", "../..", "٣", "²", "\x1c",
        "F", "()",
    ]),
    st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)  # fmt: skip


@EVERY
def test_whatever_is_sent_is_answered_or_refused_in_a_sentence(service, api, organisation):
    make_sim(organisation, label="pump")
    names = st.sampled_from([*service.parameters.model_fields, "actor", "job", "self"])

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(raw=st.dictionaries(names, ODD, max_size=4))
    def try_it(raw):
        raw = {name: "pump" if value is None and name == "sim" else value for name, value in raw.items()}
        path = service.path
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            path = path.replace(f"{{{name}}}", "1" if name != "sim" else "pump")
            raw.pop(name, None)
        if service.is_read:
            query = {name: value for name, value in raw.items() if not isinstance(value, dict) and value is not None}
            query = {name: str(one).encode("utf-8", "replace").decode() for name, one in query.items()}
            answer = api.get(f"/api/v1/{path}", query)
        else:
            answer = api.post(f"/api/v1/{path}", json.dumps(raw), content_type="application/json")
        assert answer.status_code < 500, answer.content

    try_it()


@EVERY
def test_every_value_of_every_parameter_is_understood_or_refused(service, actor, organisation):
    values = [
        "\0", "\ud800", "\\u0000", 10**30, -(10**30), float("nan"), float("inf"), "9" * 400, "9" * 400 + "GB", [], {},
        [[]], "0001-01-01", "9999-12-31", "99999999999 days ago", "99999999999 months ago", {"\0": 1}, ["\0"], "\x1c",
        True,
    ]  # fmt: skip
    for name in service.parameters.model_fields:
        for value in values:
            with suppress(IotsimError):
                service.call(actor, {"sim": "1234", "action": "suspend", name: value})
    assert all("\0" not in event.sentence for event in events(organisation))


@pytest.mark.parametrize("raw", ['{"sim": ' + "[" * 5000 + "]" * 5000 + "}", '{"x":' * 900 + "1" + "}" * 900])
def test_endless_nesting_is_refused(api, raw):
    answer = api.post("/api/v1/tags", raw, content_type="application/json")
    assert answer.status_code == 422 and "nested" in answer.json()["detail"]


def test_text_that_the_database_refuses_is_told_at_its_field(actor):
    with pytest.raises(Invalid, match="characters that are not text") as error:
        toggle_sim_status.call(actor, {"sim": "12\x0034", "action": "suspend"})
    assert error.value.field == "sim"


def test_a_refused_call_is_audited_whatever_it_said(actor, organisation):
    for value in ("\0", "\\u0000", "\ud800", float("nan"), {"a": [[[[[[[1]]]]]]]}):
        with pytest.raises(Invalid):
            tag_sims.call(actor, {"sims": ["1"], "tag": value, "nonsense\0": value})
    assert [one.outcome for one in events(organisation)] == ["failed"] * 5


@pytest.mark.parametrize("sort", ["-usage", "label", "iccid", "status", "last_seen", "-last_seen"])
@pytest.mark.parametrize(
    "value",
    [None, [], {}, "\0", "\ud800", 10**40, -1, "x", True, 1.5, "2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59"],
)
def test_a_forged_cursor_is_refused_or_harmless(actor, sort, value):
    forged = base64.urlsafe_b64encode(json.dumps([sort, value, 10**40]).encode()).decode()
    with suppress(Invalid):
        assert find_sims(actor, sort=sort, cursor=forged).items == []


@pytest.mark.parametrize("ref", ["00", "\x1c", "0", "+", "F", "*", "()", "-"])
def test_a_name_that_says_nothing_is_nobodys(actor, organisation, ref):
    make_sim(organisation)  # without label, IMSI and number: only one SIM, so an empty match would be unique
    with pytest.raises(NotFound):
        find_sim_within(actor, organisation, ref)


def find_sim_within(actor, organisation, ref):
    with tenant(organisation.pk):
        return find_sim(actor, ref)


# --- members limited to some customers ---


@pytest.fixture
def two_customers(organisation):
    """A SIM of ours and one of somebody else, each with a plan and a tag of its own."""
    sims = []
    for name in ("Ours", "Secret"):
        plan = make_plan(organisation, f"{name} plan")
        sim = make_sim(organisation, customer=make_customer(organisation, name), plan=plan, country="DE", label=name)
        with tenant(organisation.pk):
            SimTag.objects.create(
                organization=organisation,
                sim=sim,
                tag=Tag.objects.create(organization=organisation, name=f"{name} tag"),
            )
        sims.append(sim)
    return sims


@pytest.fixture
def limited(make_actor, two_customers):
    return make_actor("manager", customer_ids=[two_customers[0].customer_id])


@EVERY
def test_nothing_of_other_customers_is_shown(service, actor, limited, two_customers):
    hidden = two_customers[1]
    change_status_in_bulk.call(machine_free(actor), {"sims": [hidden.iccid], "action": "suspend"})
    with pytest.raises(ApprovalRequired):
        change_status_in_bulk(machine(actor), sims=[hidden.iccid], action="resume")
    samples = {"sim": hidden.iccid, "sims": [hidden.iccid], "action": "resume", "quota": "1 GB", "tag": "Secret tag"}
    required = [name for name, info in service.parameters.model_fields.items() if info.is_required()]
    for raw in ({name: samples.get(name, 1) for name in required}, {name: samples.get(name, 1) for name in required} | {
        name: "Secre" for name in ("tag", "plan", "customer") if name in service.parameters.model_fields
    }):  # fmt: skip
        try:
            shown = service.call(limited, raw, confirmed="x").result.model_dump_json()
        except IotsimError as error:
            shown = error.sentence.replace(hidden.iccid, "").replace("Secret tag", "").replace("called Secre.", "")
        assert "Secret" not in shown and hidden.iccid not in shown
    assert status_of(hidden) == "suspended"


def machine_free(actor) -> Actor:
    """At the API, where a person needs no second look."""
    return actor.at(Face.API)


def test_filters_offer_only_what_their_sims_have(limited, actor):
    few, all_of_them = list_filter_choices(limited), list_filter_choices(actor)
    assert (few.plans, few.tags, few.customers) == (["Ours plan"], ["Ours tag"], ["Ours"])
    assert len(all_of_them.plans) == len(all_of_them.tags) == 2


def test_they_cannot_decide_what_was_asked_for_others(actor, limited, two_customers):
    with pytest.raises(ApprovalRequired) as raised:
        change_status_in_bulk(machine(actor), sims=[two_customers[1].iccid], action="suspend")
    number = raised.value.approval.id
    for decide in (approve_call, reject_call, get_approval):
        with pytest.raises(NotFound):
            decide(limited, approval=number)
    assert status_of(two_customers[1]) == "active"


def test_they_cannot_undo_a_change_that_holds_sims_of_others(actor, limited, two_customers, organisation):
    change_status_in_bulk.call(machine_free(actor), {"sims": [sim.iccid for sim in two_customers], "action": "suspend"})
    event = events(organisation)[-1]
    with pytest.raises(NotFound):
        undo_call(limited, event=event.pk)
    with pytest.raises(NotFound):
        restore_status(limited, batch=event.undo["arguments"]["batch"])
    assert [status_of(sim) for sim in two_customers] == ["suspended", "suspended"]


# --- the guard ---


def test_undo_needs_the_right_to_do_the_inverse(actor, make_actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    event = events(organisation)[-1]
    with pytest.raises(Denied):
        undo_call(make_actor("viewer"), event=event.pk)
    assert status_of(sim) == "suspended"


def test_retirement_is_final_by_every_way(actor, organisation):
    sim = make_sim(organisation)
    batch = retire_sim(machine_free(actor), sim=sim.iccid).batch
    with pytest.raises(Conflict, match="retired"):
        restore_status(actor, batch=batch)
    assert status_of(sim) == "retired"


def test_an_approval_is_void_when_a_sim_became_safety_critical(actor, organisation):
    sims = [make_sim(organisation) for _ in range(2)]
    with pytest.raises(ApprovalRequired) as raised:
        change_status_in_bulk(machine(actor), sims=[sim.iccid for sim in sims], action="suspend")
    with tenant(organisation.pk):
        Sim.objects.filter(pk=sims[0].pk).update(safety_critical=True)
    assert approve_call(actor, approval=raised.value.approval.id).state == "stale"
    assert status_of(sims[0]) == "active"


def test_an_approval_of_a_quota_is_void_when_the_price_moved(actor, organisation):
    plan = make_plan(organisation, overage_cents_per_mb="0.1")
    sim = make_sim(organisation, plan=plan)
    with pytest.raises(ApprovalRequired) as raised:
        update_quota(machine(actor), sim=sim.iccid, quota="3 GB")
    with tenant(organisation.pk):
        type(plan).objects.filter(pk=plan.pk).update(overage_cents_per_mb="9")
    assert approve_call(actor, approval=raised.value.approval.id).state == "stale"


def test_a_machines_undo_of_the_last_change_means_the_one_it_was_shown(actor, organisation):
    first, second = make_sim(organisation), make_sim(organisation)
    toggle_sim_status(actor, sim=first.iccid, action="suspend")
    with pytest.raises(ApprovalRequired) as raised:
        undo_call(machine(actor))
    toggle_sim_status(actor, sim=second.iccid, action="suspend")
    assert approve_call(actor, approval=raised.value.approval.id).state == "stale"
    assert status_of(first) == status_of(second) == "suspended"


def test_tagging_a_safety_critical_sim_waits_for_a_person(actor, organisation):
    sim = make_sim(organisation, safety_critical=True)
    with pytest.raises(ApprovalRequired, match="safety-critical"):
        tag_sims(machine(actor), sims=[sim.iccid], tag="blue")


def test_who_approves_must_be_allowed_to_do_it(actor, make_membership, organisation):
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired) as raised:
        change_status_in_bulk(machine(actor), sims=sims, action="suspend")
    purse = Actor.for_membership(make_membership("owner"), face=Face.API, scopes=frozenset({Permission.MONEY}))
    with pytest.raises(Denied):
        approve_call(purse, approval=raised.value.approval.id)
    assert list_approvals(actor, state="pending").items


def test_a_long_refusal_of_an_approved_call_is_kept_short(actor, organisation):
    sims = [make_sim(organisation, label="x" * 60), make_sim(organisation)]
    with pytest.raises(ApprovalRequired) as raised:
        change_status_in_bulk(machine(actor), sims=["x" * 60, sims[1].iccid], action="suspend")
    for _ in range(8):
        make_sim(organisation, label="x" * 60)
    answer = approve_call(actor, approval=raised.value.approval.id)
    assert answer.state == "failed" and len(answer.error) <= 500


def test_the_same_wish_without_a_proposal_waits_once_and_not_beyond_its_time(actor, organisation):
    ids = []
    for _ in range(3):
        with pytest.raises(ApprovalRequired) as raised:
            registry.get("import_usage").call(machine(actor), {"upload_id": 1})
        ids.append(raised.value.approval.id)
        if len(ids) == 2:
            with tenant(organisation.pk):
                Approval.objects.update(expires_at=timezone.now())
    assert ids[0] == ids[1] != ids[2]


def test_undo_to_a_quota_of_the_plan_is_refused_when_it_changed_again(actor, organisation):
    sim = make_sim(organisation, plan=make_plan(organisation), quota_bytes=2_000_000_000)
    update_quota.call(actor, {"sim": sim.iccid, "quota": None})
    event = events(organisation)[-1]
    update_quota(actor, sim=sim.iccid, quota="3 GB")
    with pytest.raises(Conflict, match="by now"):
        undo_call(actor, event=event.pk)


def test_undone_at_the_same_moment_it_is_undone_once(actor, organisation):
    sim = make_sim(organisation)
    tag_sims(actor, sims=[sim.iccid], tag="blue")
    event = events(organisation)[-1]
    answers = at_once(*[lambda: undo_call(actor, event=event.pk).sentence] * 4)
    assert sorted(answers)[:3] == ["Conflict"] * 3


def test_a_new_tag_put_on_at_the_same_moment_exists_once(actor, organisation):
    sims = [make_sim(organisation).iccid for _ in range(4)]
    answers = at_once(*[lambda one=one: tag_sims(actor, sims=[one], tag="new").tag for one in sims])
    assert answers == ["new"] * 4
    with tenant(organisation.pk):
        assert Tag.objects.count() == 1


def test_one_key_in_two_calls_at_the_same_moment_runs_once(actor, organisation):
    sim = make_sim(organisation)
    call = toggle_sim_status.call
    raw = {"sim": sim.iccid, "action": "suspend"}
    answers = at_once(*[lambda: call(actor, raw, idempotency_key="k").replayed] * 4)
    assert sorted(answers) == [False, True, True, True]
    assert len(events(organisation)) == 1


def test_a_key_is_not_answered_to_who_lost_the_right(make_membership, organisation):
    membership, sim = make_membership("owner"), make_sim(organisation)
    raw = {"sim": sim.iccid, "action": "suspend"}
    toggle_sim_status.call(Actor.for_membership(membership, face=Face.API), raw, idempotency_key="k")
    membership.role = "viewer"
    with pytest.raises(Denied):
        toggle_sim_status.call(Actor.for_membership(membership, face=Face.API), raw, idempotency_key="k")


@pytest.mark.parametrize("name", ["find_sims", "list_jobs"])
def test_the_guards_own_arguments_cannot_be_sent(actor, name):
    for argument in ("actor", "job", "self", "confirmed"):
        with pytest.raises(Invalid, match="knows no"):
            registry.get(name).call(actor, {argument: 1})


# --- pages ---

EVIL = "\"'><script>alert(1)</script>{{7*7}}"


@pytest.mark.parametrize("path", ["/", "/sims/", "/approvals/", "/audit/", "/imports/", "/copilot/"])
def test_what_others_wrote_is_text_on_every_page(path, actor, client_for, organisation):
    customer, plan = make_customer(organisation, EVIL), make_plan(organisation, EVIL)
    sims = [make_sim(organisation, label=EVIL, customer=customer, plan=plan) for _ in range(2)]
    tag_sims(actor, sims=[sims[0].iccid, sims[1].iccid], tag=EVIL)
    with pytest.raises(ApprovalRequired):
        change_status_in_bulk(machine(actor), sims=[one.iccid for one in sims], action="suspend", reason=EVIL)
    browser = client_for("owner")
    for address in (path, f"{path}?search={EVIL}&who={EVIL}&plan={EVIL}", f"/sims/{sims[0].iccid}/"):
        page = browser.get(address)
        text = page.content.decode()
        assert "<script>alert" not in text and page.status_code < 500
        assert "Content-Security-Policy" in page.headers
        assert "script-src 'self'" in page["Content-Security-Policy"] and " onclick=" not in text
        for script in text.split("<script")[1:]:
            assert script.startswith(' src="') or 'type="application/json"' in script.split(">")[0]


@EVERY
def test_a_dialog_of_any_service_stands_odd_fields(service, client_for, organisation):
    make_sim(organisation, label=EVIL)
    browser = client_for("owner")
    names = " ".join(service.parameters.model_fields)
    for query in (
        {"fields": names},
        {"fields": [names, "nonsense"], "confirmed": ["a", "b"], "sim": EVIL, "sims": [EVIL, EVIL], "tag": EVIL},
        {"sim": "\0", "fields": "\0"},
        {name: ["x", "y"] for name in service.parameters.model_fields},
    ):
        for answer in (
            browser.get(f"/act/{service.name}/", query, headers=HTMX),
            browser.post(f"/act/{service.name}/", query, headers=HTMX),
        ):
            assert answer.status_code < 500 and "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("method", ["put", "delete", "patch", "head", "options", "trace"])
@pytest.mark.parametrize("path", ["/act/retire_sim/", "/organization/", "/api/v1/sims", "/sims/", "/imports/"])
def test_other_methods_do_nothing(client_for, method, path):
    assert getattr(client_for("owner"), method)(path).status_code in {200, 204, 302, 403, 404, 405, 422}


@pytest.mark.parametrize(
    "path", ["/act/tag_sims/", "/organization/", "/imports/", "/accounts/login/", "/api/v1/uploads"]
)
def test_no_post_without_a_csrf_token(make_membership, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_membership().user)
    assert client.post(path, {}).status_code == 403


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(make_membership, to):
    user = make_membership().user
    user.set_password("a long pass phrase")
    user.save()
    client = Client()
    client.get("/accounts/login/")
    before = client.cookies.get("iotsim_session")
    answer = client.post(
        f"/accounts/login/?next={to}", {"login": user.email, "password": "a long pass phrase", "next": to}
    )
    assert answer.status_code == 302 and "evil" not in answer["Location"] and "javascript" not in answer["Location"]
    assert before is None or client.cookies["iotsim_session"].value != before.value


# --- files ---


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..",
        "...",
        "???",
        "a" * 300,
        "𠀀" * 100,
        "字" * 200,
        "CON",
        "a\\b\\c.csv",
        EVIL,
        " .",
        "-rf",
    ],
)
def test_a_file_keeps_within_its_folder_whatever_its_name(actor, organisation, name):
    for _ in range(2):  # the same again: the storage makes the name longer
        kept = store_upload(actor, name=name, content=io.BytesIO(b"x"), size_bytes=1)
        with tenant(organisation.pk):
            path = Upload.objects.get(pk=kept.id).file.name
        assert path.startswith(f"{organisation.pk}/") and ".." not in path and path.isascii()


@pytest.mark.parametrize("path", ["/api/v1/uploads", "/imports/"])
def test_an_upload_without_a_proper_file_is_refused(api, client_for, path):
    client = api if path.startswith("/api") else client_for("owner")
    broken = {"data": "--x\r\nnonsense", "content_type": "multipart/form-data; boundary=x"}
    for answer in (
        client.post(path, {"service": "import_usage"}),
        client.post(path, {"file": "text", "service": "import_usage"}),
        client.post(path, {"file": io.BytesIO(b""), "service": "import_usage"}),
        client.post(path, **broken),
        client.post(path, "x", content_type="multipart/form-data"),
        client.post(path, "{}", content_type="application/json"),
    ):
        assert answer.status_code < 500 and answer.status_code != 201
