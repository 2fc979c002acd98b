"""A Python client made from the OpenAPI document takes the README's five minutes, over real HTTP."""

import importlib
import io
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from iotsim.core.keys import create_key
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.conftest import REPOSITORY
from tests.dates import billing_day
from tests.fleet import make_plan, make_sim

SECONDS = 60


@pytest.fixture(scope="module")
def generated(web, tmp_path_factory):
    """The generated package, whole: a warning of the generator is a piece that is missing."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "settings.yml").write_text("post_hooks: []\n")
    with urllib.request.urlopen(f"{web}/api/v1/openapi.json") as answer:
        (folder / "openapi.json").write_bytes(answer.read())
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path=openapi.json", "--meta=none"]
    options = ["--output-path=iotsim_client", "--config=settings.yml", "--fail-on-warning"]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("iotsim_client")
    sys.path.remove(str(folder))


@pytest.fixture
def call(generated, web, make_membership):
    """call("find_sims", ...) is that endpoint's function of the generated client, signed in as an owner."""
    key = create_key(make_membership("owner"))[1]
    places = {one.stem: one.parent.name for one in (REPOSITORY / generated.__path__[0] / "api").glob("*/*.py")}

    with generated.AuthenticatedClient(base_url=web, token=key, raise_on_unexpected_status=True) as client:

        def run(name, *arguments, **options):
            module = importlib.import_module(f"iotsim_client.api.{places[name]}.{name}")
            return module.sync(*arguments, client=client, **options)

        yield run


def body(name, **values):
    module = importlib.import_module("iotsim_client.models")
    return getattr(module, name).from_dict(values)


def brought_in(call, organisation):
    """Upload a usage file, import it, and wait for the job as any client would."""
    plan = make_plan(organisation, quota_bytes=5_000_000_000, billing_day=billing_day(10))
    sim = make_sim(organisation, label="pump", plan=plan)
    make_sim(organisation, label="meter")
    rows = f"iccid,started_at,ended_at,bytes_up,bytes_down\n{sim.iccid},{moment(2)},{moment(1)},6000000000,1\n"
    types = importlib.import_module("iotsim_client.types")
    file = types.File(payload=io.BytesIO(rows.encode()), file_name="usage.csv", mime_type="text/csv")
    models = importlib.import_module("iotsim_client.models")
    upload = call("upload_file", body=models.UploadFileFileParams(file=file))
    job = call("import_usage", body=body("ImportUsageBody", upload_id=upload.id))
    deadline = time.monotonic() + SECONDS
    while job.state in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
        job = call("get_job", job.id)
    assert job.state == "done", job.sentence
    return sim


def moment(hours_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600 * hours_ago))


def status_of(organisation, sim):
    with tenant(organisation.pk):
        return Sim.objects.get(pk=sim.pk).status


def test_a_generated_client_takes_the_five_minute_tour(call, organisation, celery_worker_process):
    assert call("get_fleet_summary").sentence
    sim = brought_in(call, organisation)
    assert [one.iccid for one in call("find_sims", min_usage="5GB").items] == [sim.iccid]

    changed = call("toggle_sim_status", sim.iccid, body=body("ToggleSimStatusBody", action="suspend"))
    assert changed.sentence and status_of(organisation, sim) == "suspended"
    event = call("list_audit_events", service="toggle_sim_status").items[0]
    call("undo_call", event.id)
    assert status_of(organisation, sim) == "active"

    wanted = body("ChangeStatusInBulkBody", action="suspend", search="pump")
    proposal = call("change_status_in_bulk", body=wanted, dry_run=True)
    assert proposal.summary and status_of(organisation, sim) == "active"
    call("change_status_in_bulk", body=wanted, confirmed=proposal.digest)
    assert status_of(organisation, sim) == "suspended"


def test_a_problem_comes_as_its_sentence(call):
    problem = call("get_sim_details", "8900000000000000000")
    assert problem.status == 404 and json.dumps(problem.to_dict()) and "8900000000000000000" in problem.detail
