"""Who gets into the admin, and how its answers differ from the product's."""

import pytest
from django.test import Client
from django.urls import reverse

from iotsim.core.models import AuditEvent, Organization, User
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.fleet import make_plan, make_sim


def test_there_is_one_sign_in(database):
    page = Client().get("/admin/")
    assert page.status_code == 302
    answer = Client().get(page["Location"])
    assert answer["Location"] == "/accounts/login/?next=/admin/"


def test_there_is_no_second_password_form(make_staff):
    person = make_staff()
    person.set_password("a-password-of-the-tests")
    person.save()
    client = Client()
    client.post("/admin/login/", {"username": person.email, "password": "a-password-of-the-tests"})
    assert client.get("/admin/").status_code == 302


def test_a_member_who_is_not_staff_is_told_so(client_for):
    client = client_for("owner")
    page = client.get("/admin/sims/sim/", follow=True)
    assert page.status_code == 403 and "platform" in page.content.decode()


def test_staff_without_rights_see_no_table(make_staff, organisation):
    client = Client()
    client.force_login(make_staff(superuser=False))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/sims/sim/").status_code == 403
    assert client.get("/admin/core/user/").status_code == 403


def test_staff_with_the_right_to_view_only_look(make_staff, organisation):
    from django.contrib.auth.models import Permission

    person = make_staff(superuser=False)
    person.user_permissions.add(Permission.objects.get(codename="view_sim"))
    client = Client()
    client.force_login(person)
    client.post("/admin/organization/", {"slug": organisation.slug})
    sim = make_sim(organisation)
    page = client.get(reverse("admin:sims_sim_change", args=[sim.pk]))
    assert page.status_code == 200 and "/admin/act/" not in page.content.decode()
    answer = client.post("/admin/act/toggle_sim_status/", {"sim": sim.iccid, "action": "suspend"})
    assert answer.status_code == 422 and "may not" in answer.content.decode()


def test_scripts_that_evaluate_are_allowed_in_the_admin_only(staff, client_for):
    inside = staff.get("/admin/")["Content-Security-Policy"]
    outside = client_for("owner").get("/")["Content-Security-Policy"]
    assert "'unsafe-eval'" in inside and "'unsafe-eval'" not in outside
    for policy in (inside, outside):
        parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert "unsafe-inline" not in parts["script-src"] and "unsafe-inline" not in parts["style-src"]


def test_signing_out_leaves_the_product_too(staff):
    staff.post("/admin/logout/")
    assert staff.get("/admin/").status_code == 302


# --- changes ---


def test_a_change_goes_through_the_service_into_the_audit_log(staff, organisation):
    sim = make_sim(organisation)
    page = staff.get("/admin/act/toggle_sim_status/", {"sim": sim.iccid, "action": "suspend"})
    assert page.status_code == 200 and "Suspend SIM" in page.content.decode()
    answer = staff.post("/admin/act/toggle_sim_status/", {"sim": sim.iccid, "action": "suspend"})
    assert answer.status_code == 302
    with tenant(organisation.pk):
        event = AuditEvent.objects.get()
        assert Sim.objects.get(pk=sim.pk).status == "suspended"
    assert (event.face, event.role, event.outcome) == ("admin", "staff", "done")
    assert event.who.startswith("staff-")
    staff.post("/admin/act/undo_call/", {"event": event.pk})
    with tenant(organisation.pk):
        assert Sim.objects.get(pk=sim.pk).status == "active"


def test_a_dangerous_change_is_shown_before_it_is_done(staff, organisation):
    sim = make_sim(organisation)
    shown = staff.post("/admin/act/retire_sim/", {"sim": sim.iccid})
    assert shown.status_code == 409 and "cannot be undone" in shown.content.decode()
    with tenant(organisation.pk):
        assert Sim.objects.get(pk=sim.pk).status == "active"
    digest = shown.context["proposal"].digest
    staff.post("/admin/act/retire_sim/", {"sim": sim.iccid, "confirmed": digest})
    with tenant(organisation.pk):
        assert Sim.objects.get(pk=sim.pk).status == "retired"


def test_ticked_rows_are_changed_in_bulk_after_the_proposal(staff, organisation):
    sims = [make_sim(organisation) for _ in range(3)]
    data = {"action": "offer_1", "_selected_action": [sims[0].pk, sims[1].pk]}
    answer = staff.post(reverse("admin:sims_sim_changelist"), data)
    page = staff.get(answer["Location"])
    assert "Suspend 2 SIMs" in page.content.decode()


def test_a_service_cannot_reach_another_organisation(staff, other_organisation):
    theirs = make_sim(other_organisation, label="theirs")
    answer = staff.post("/admin/act/toggle_sim_status/", {"sim": theirs.iccid, "action": "suspend"})
    assert answer.status_code == 422
    with tenant(other_organisation.pk):
        assert Sim.objects.get(pk=theirs.pk).status == "active"


def test_without_an_organisation_no_service_runs(make_staff, organisation):
    client = Client()
    client.force_login(make_staff())
    answer = client.get("/admin/act/list_jobs/")
    assert answer.status_code == 409 and "Choose an organisation" in answer.content.decode()


def test_filters_ask_as_one_types_within_the_organisation(staff, organisation, other_organisation):
    make_plan(organisation, "Meter plan"), make_plan(other_organisation, "Meter of others")
    query = {"app_label": "sims", "model_name": "sim", "field_name": "plan", "term": "meter"}
    found = staff.get("/admin/autocomplete/", query).json()["results"]
    assert [one["text"] for one in found] == ["Meter plan"]


# --- people and organisations ---


def test_a_new_organisation_is_made_here(staff):
    fields = {"name": "New one", "slug": "new-one-of-the-admin", "time_zone": "Europe/Berlin", "currency": "EUR"}
    answer = staff.post("/admin/core/organization/add/", fields)
    assert answer.status_code == 302, answer.context["errors"]
    assert Organization.objects.filter(slug="new-one-of-the-admin").exists()


def test_the_last_superuser_stays_one(staff, make_staff):
    me = User.objects.get(pk=staff.session["_auth_user_id"])
    User.objects.filter(is_superuser=True).exclude(pk=me.pk).update(is_superuser=False)
    answer = staff.post(reverse("admin:core_user_change", args=[me.pk]), {"is_active": "on", "is_staff": "on"})
    assert answer.status_code == 200 and "last superuser" in answer.content.decode()
    me.refresh_from_db()
    assert me.is_superuser


def test_staff_who_are_no_superuser_name_no_staff(make_staff):
    from django.contrib.auth.models import Permission

    person = make_staff(superuser=False)
    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client = Client()
    client.force_login(person)
    address = reverse("admin:core_user_change", args=[person.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"is_superuser": "on"}).status_code == 403


def test_a_schedule_is_changed_here(staff):
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    every, _ = IntervalSchedule.objects.get_or_create(every=7, period="minutes")
    task = PeriodicTask.objects.create(name="A test's own", task="iotsim.sweep_jobs", interval=every)
    address = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    page = staff.get(address)
    assert page.status_code == 200 and "readableCrontabs" not in page.content.decode()
    fields = {
        "name": "A test's own",
        "task": "iotsim.sweep_jobs",
        "interval": every.pk,
        "args": "[]",
        "kwargs": "{}",
        "headers": "{}",
    }
    assert staff.post(address, fields).status_code == 302
    task.refresh_from_db()
    assert task.enabled is False
    task.delete()


@pytest.mark.parametrize("term", ["", "sims", "Plan", "zzz"])
def test_the_sidebar_is_searched(staff, term):
    assert staff.get("/admin/search/", {"s": term}).status_code == 200
