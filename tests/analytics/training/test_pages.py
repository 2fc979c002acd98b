"""The pages of models and of customers' health, as a person sees them."""

import re

import pytest
from django.test import Client

from analytics.models import CustomerSnapshot, ModelVersion
from analytics.services.models import apply_model, train_model
from iotsim.core import registry
from iotsim.core.keys import create_key
from iotsim.core.templatetags.iotsim import chance
from iotsim.core.tenancy import tenant
from tests.analytics.training.world import make_churn_world, run_newest_job

HTMX = {"HX-Request": "true"}


def text(response) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def trained(organisation, actor):
    make_churn_world(organisation)
    train_model(actor, model="churn")
    assert run_newest_job(organisation).state == "done"
    return organisation


def test_without_data_the_page_says_what_a_training_needs(client_for, organisation):
    page = text(client_for().get("/models/"))
    assert "0 of 50 churned customers" in page and "0 of 180 days of snapshots" in page
    assert "0 of 90 days with usage" in page and "Train now" not in page
    detail = text(client_for().get("/models/churn/"))
    assert "No version yet" in detail and "this is missing: 0 of 50 churned customers" in detail


def test_a_version_that_waits_can_be_promoted_from_its_page(client_for, trained, actor):
    client = client_for()
    page = text(client.get("/models/churn/"))
    assert "Waits to be promoted" in page and "AUC" in page and "Lift" in page and actor.name in page
    dialog = client.get("/act/promote_model/?model=churn&version=1", headers=HTMX)
    assert "Use version 1 of churn" in text(dialog)
    digest = re.search(r'name="confirmed" value="(\w+)"', dialog.content.decode())[1]
    refused = client.post("/act/promote_model/", {"model": "churn", "version": 1}, headers=HTMX)
    assert refused.status_code == 409
    done = client.post("/act/promote_model/", {"model": "churn", "version": 1, "confirmed": digest}, headers=HTMX)
    assert "Version 1 of churn is in use now" in text(done)
    assert "Version 1 in use" in text(client.get("/models/"))


def test_a_training_is_asked_for_from_the_page_and_its_progress_is_shown(client_for, trained):
    client = client_for()
    answer = client.post("/act/train_model/", {"model": "churn"}, headers=HTMX)
    assert "Training of Churn is on its way" in text(answer)
    page = client.get("/models/").content.decode()
    assert 'hx-get="/jobs/' in page and "Train now" not in page.split("Usage")[0]


def test_who_may_only_look_gets_no_buttons_and_limited_members_nothing(client_for, trained):
    for role in ("viewer", "manager"):
        page = text(client_for(role).get("/models/"))
        assert "Waits to be promoted" in page and "Train now" not in page and "Use version" not in page
    limited = client_for("admin", customer_ids=[1])
    assert "you look after some only" in text(limited.get("/models/"))
    assert limited.get("/models/churn/").status_code == 403
    assert client_for().get("/models/weather/").status_code == 404


def test_customers_are_shown_by_risk_with_their_reasons(client_for, trained):
    client = client_for()
    by_rules = text(client.get("/customers/risk/"))
    assert "no learned model" in by_rules and "Why" in by_rules
    with tenant(trained.pk):
        ModelVersion.objects.update(stage="champion")
        version = ModelVersion.objects.get()
    apply_model(trained.pk, version.pk)
    learned = text(client.get("/customers/risk/"))
    assert "Learned model of churn, version 1" in learned and "%" in learned


def test_the_list_of_customers_is_filled_with_their_health(client_for, trained):
    client = client_for()
    assert 'hx-get="/customers/health/cells/' in client.get("/customers/").content.decode()
    with tenant(trained.pk):
        row = CustomerSnapshot.objects.order_by("-day", "customer_id").first()
    cells = client.get("/customers/health/cells/").content.decode()
    page = client.get("/customers/health/cells/?cursor=Customer%20050").content.decode()
    assert f'id="health-{row.customer_id}" hx-swap-oob="true"' in cells + page and "of 100" in cells + page
    assert "Left" in cells


def test_one_customers_health_is_a_part_of_its_page(client_for, trained):
    shown = text(client_for().get("/customers/health/?customer=Customer 070"))
    assert "of 100" in shown and "open tickets" in shown
    assert client_for().get("/customers/health/?customer=Nobody").status_code == 404


def test_pages_rest_and_copilot_give_the_same_figures(client_for, trained, actor, make_membership, make_actor):
    with tenant(trained.pk):
        ModelVersion.objects.update(stage="champion")
        version = ModelVersion.objects.get()
    apply_model(trained.pk, version.pk)
    key = create_key(make_membership("viewer"))[1]
    rest = Client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/churn").json()
    first = rest["items"][0]
    risk = chance(first["probability"]).replace("\xa0", " ")
    copilot = registry.get("predict_churn").call(make_actor("viewer", "copilot"), {}).result
    assert copilot.model_dump(mode="json")["items"] == rest["items"] and copilot.sentence == rest["sentence"]
    page = text(client_for().get("/customers/risk/"))
    assert first["customer"] in page and risk in page and first["why"] in page
    one = text(client_for().get(f"/customers/health/?customer={first['customer']}"))
    assert risk in one
    models = Client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/models/churn").json()
    assert models["versions"][0]["figures"][0]["words"] in text(client_for().get("/models/churn/"))
