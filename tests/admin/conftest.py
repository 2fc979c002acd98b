"""Staff at the admin, and two organisations with a row in every table."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from iotsim.core.models import Organization, User

MINE, THEIRS = "visibleword", "hiddenword"


@pytest.fixture
def make_staff(database: None) -> Callable[..., "User"]:
    """make_staff(superuser=True): one of the platform's staff, a member of nothing."""
    from iotsim.core.models import User

    def make(*, superuser: bool = True) -> User:
        email = f"staff-{uuid.uuid4().hex[:12]}@example.com"
        return User.objects.create_user(email, is_staff=True, is_superuser=superuser)

    return make


@pytest.fixture
def staff(make_staff: Callable[..., "User"], organisation: "Organization") -> "Client":
    """A superuser's browser at the admin, looking at this test's organisation."""
    from django.test import Client

    client = Client()
    client.force_login(make_staff())
    client.post("/admin/organization/", {"slug": organisation.slug})
    return client


@pytest.fixture
def full(organisation: "Organization", other_organisation: "Organization") -> tuple["Organization", "Organization"]:
    """Both organisations with one row in every table of ours."""
    from django.db import connection

    from iotsim.core.tenancy import tenant
    from tests.admin.rows import NOW, make_row, own_models

    for one, word in ((organisation, MINE), (other_organisation, THEIRS)):
        with tenant(one.pk):
            with connection.cursor() as cursor:
                cursor.execute("SELECT sims_usage_partitions(%s, %s)", [NOW.date(), NOW.date()])
            for model in own_models():
                if not getattr(model, "reference_data", False):
                    make_row(model, one, word)
    return organisation, other_organisation
