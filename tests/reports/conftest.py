"""Reports as people get them: asked for by a service, made by the job, read back out of the storage."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    from iotsim.core.actor import Actor
    from iotsim.core.models import Organization
    from sims.models import Report

Made = Callable[..., tuple["Report", bytes]]


@pytest.fixture(autouse=True)
def _own_storage(settings: Any, tmp_path: Any) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = storages


@pytest.fixture
def today(organisation: "Organization") -> date:
    """Today in the organisation's zone."""
    return datetime.now(ZoneInfo(organisation.time_zone)).date()


@pytest.fixture
def make_report(actor: "Actor") -> Made:
    """make_report(format="csv", **arguments): the report's row and the content of its file."""

    from django.core.files.storage import default_storage

    from iotsim.core.jobs import run_job
    from iotsim.core.services import get_job
    from iotsim.core.tenancy import tenant
    from sims.models import Report
    from sims.services.reports import generate_report

    def make(maker: "Actor" = actor, **arguments: Any) -> tuple[Report, bytes]:
        job = generate_report(maker, **arguments)
        assert run_job(maker.organization_id, job.id) == "done", get_job(maker, job=job.id).sentence
        with tenant(maker.organization_id):
            report = Report.objects.get(job_id=job.id)
        with default_storage.open(str(report.file)) as file:
            return report, file.read()

    return make
