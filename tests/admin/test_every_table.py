"""Every table of the product in the admin: it is there, it is readable, it hides strangers, it changes nothing."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iotsim.core.admin.base import ReadOnlyAdmin, TenantAdmin
from iotsim.core.models import TenantModel
from iotsim.core.tenancy import tenant
from tests.admin.conftest import MINE, THEIRS
from tests.admin.rows import made, own_models

EVERY = pytest.mark.parametrize("model", own_models(), ids=lambda one: one._meta.label)
REGISTERED = sorted(admin.site._registry, key=lambda one: one._meta.label)
MAKES_ROWS = {"core.Organization"}  # the platform's own; every other table changes by services, or not at all
MOST_QUERIES = 16


def address(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@EVERY
def test_is_registered(model):
    assert admin.site.is_registered(model), f"register {model._meta.label} in its application's admin.py"


@EVERY
def test_a_table_of_tenants_stands_behind_the_wall_and_reads_only(model):
    place = admin.site.get_model_admin(model)
    assert issubclass(model, TenantModel) == isinstance(place, TenantAdmin)
    assert isinstance(place, ReadOnlyAdmin) or model._meta.label == "core.User"
    assert place.show_full_result_count is False and place.list_display != ("__str__",)


@EVERY
def test_no_drop_down_holds_a_table(model):
    """Relations are shown as text in what only reads; filters by a relation ask as one types."""
    plain = [one for one in admin.site.get_model_admin(model).list_filter if isinstance(one, str)]
    assert not [one for one in plain if model._meta.get_field(one).is_relation]


@EVERY
def test_it_is_listed_searched_and_opened(model, staff, full):
    row = made(full[0]).get(model) or model.objects.first()
    listed = staff.get(address(model, "changelist"))
    assert listed.status_code == 200 and "unsafe-eval" in listed["Content-Security-Policy"]
    place = admin.site.get_model_admin(model)
    if place.search_fields:
        for term in ("a", MINE, "8949", "' OR 1=1 --", "%_", "é😀"):
            found = staff.get(address(model, "changelist"), {"q": term})
            assert found.status_code == 200 or found["Location"].endswith("?e=1"), term
    opened = staff.get(address(model, "change", row.pk))
    assert opened.status_code == (302 if model._meta.label == "sims.UsageRecord" else 200)
    history = staff.get(address(model, "history", row.pk))
    assert history.status_code in {200, 302}


@EVERY
def test_it_hides_the_rows_of_others(model, staff, full):
    if not issubclass(model, TenantModel):
        return
    theirs = made(full[1])[model]
    listed = staff.get(address(model, "changelist"))
    assert THEIRS not in listed.content.decode()
    found = staff.get(address(model, "changelist"), {"q": THEIRS})
    assert not re.search(f"{THEIRS}[0-9a-f]", found.content.decode())
    assert staff.get(address(model, "change", theirs.pk)).status_code == 302


@EVERY
def test_without_an_organisation_a_table_of_tenants_is_empty(model, staff, full):
    if not issubclass(model, TenantModel):
        return
    staff.post("/admin/organization/", {"slug": ""})
    listed = staff.get(address(model, "changelist"))
    assert listed.status_code == 200
    assert MINE not in listed.content.decode() and THEIRS not in listed.content.decode()
    assert "No organisation is chosen" in listed.content.decode()


@EVERY
def test_nothing_is_added_changed_or_deleted_by_itself(model, staff, full):
    if model._meta.label == "core.User":
        return
    row = made(full[0]).get(model) or model.objects.first()
    before = state(full[0], model)
    fields = {field.name: "smuggled" for field in model._meta.concrete_fields}
    answers = {
        "change": staff.post(address(model, "change", row.pk), fields),
        "delete": staff.post(address(model, "delete", row.pk), {"post": "yes"}),
        "list": staff.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": row.pk}),
        "edit": staff.post(address(model, "changelist"), {"form-0-id": row.pk, "_save": "Save"}),
    }
    if model._meta.label not in MAKES_ROWS:
        answers["add"] = staff.post(address(model, "add"), fields)
    assert {name: one.status_code for name, one in answers.items() if one.status_code not in {302, 403}} in (
        {},
        {"list": 200},
        {"edit": 200},
        {"list": 200, "edit": 200},
    )
    assert state(full[0], model) == before


def state(organisation, model) -> list[Any]:
    with tenant(organisation.pk):
        return list(model.objects.order_by("pk").values()) if model._meta.label != "core.User" else []


@EVERY
def test_a_list_costs_the_same_whatever_it_holds(model, staff, full):
    with CaptureQueriesContext(connection) as asked:
        staff.get(address(model, "changelist"))
    assert len(asked) <= MOST_QUERIES, [one["sql"][:160] for one in asked]
    counts = [one["sql"] for one in asked if "COUNT(*)" in one["sql"].upper()]
    assert all("LIMIT" in one for one in counts), counts


@pytest.mark.parametrize("model", REGISTERED, ids=lambda one: one._meta.label)
def test_what_other_packages_keep_is_shown_too(model, staff):
    listed = staff.get(address(model, "changelist"))
    assert listed.status_code == 200
    assert staff.get(address(model, "add")).status_code in {200, 403}
    for row in model.objects.all()[:1]:
        assert staff.get(address(model, "change", row.pk)).status_code in {200, 302}


def test_no_page_shows_a_secret(staff, make_membership, organisation):
    from django.contrib.sessions.models import Session

    from iotsim.core.keys import create_key

    membership = make_membership()
    membership.user.set_password("a long password")
    membership.user.save()
    key, text = create_key(membership, name="meter")
    sessions = list(Session.objects.values_list("session_key", "session_data"))
    pages = [
        staff.get(address(type(key), "changelist")),
        staff.get(address(type(key), "change", key.pk)),
        staff.get(address(type(membership.user), "change", membership.user.pk)),
        staff.get(address(Session, "changelist")),
    ]
    shown = " ".join(page.content.decode() for page in pages)
    secrets = [key.secret_hash, text, membership.user.password, *(one for pair in sessions for one in pair)]
    assert [one for one in secrets if one in shown] == []


def test_every_application_of_ours_is_looked_at():
    """A new application shows up here: add its label to `own_models` and to the site's own."""
    from iotsim.backoffice.foreign import OWN_APPS

    ours = {one.label for one in apps.get_app_configs() if one.name.split(".")[0] in {"iotsim", "sims", "copilot"}}
    assert ours - {"iotsim", "admin"} <= OWN_APPS
