"""Journeys in a real browser: Chromium against a real web server, worker and copilot on the test database."""

import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotsim import processes
from tests.conftest import REPOSITORY, MakeMembership
from tests.dates import billing_day

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from iotsim.core.models import Organization

CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PASSWORD = "a-password-of-the-tests"

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"

Visit = Callable[..., "Page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys carry the marker."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.skip("No Chromium on this machine: `apt-get install chromium` as root adds it.")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator["Browser"]:
    """Chromium, for one module: Playwright keeps an event loop running in this thread, which others must not meet."""
    from playwright.sync_api import expect, sync_playwright

    if not (REPOSITORY / "static" / "vendor" / "htmx.min.js").exists():
        pytest.skip("The front end's packages are not there; `make run` or `make test` fetches them.")
    expect.set_options(timeout=30_000)  # five seconds, the default, are short beside the rest of a parallel run
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # our own calls in this thread wait for nothing of that loop
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")  # its runner would answer what the tests of other packages ask of theirs
def site(
    chromium: str,
    environment: dict[str, str],
    celery_worker_process: object,
    web: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The whole product on the test database; its address."""
    log = tmp_path_factory.mktemp("site") / "copilot.log"
    command = [sys.executable, "manage.py", "run_copilot"]
    told = {**environment, "LOG_LEVEL": "info"}
    runner = processes.spawn(command, log=log, environment=told, folder=REPOSITORY)
    ready = "copilot_runner_started"
    processes.wait_until(lambda: ready in processes.tail(log, 500), child=runner, log=log, what="The runner")
    yield web
    processes.stop([runner], first=signal.SIGTERM, seconds=8)
    assert "Traceback" not in log.read_text(), processes.tail(log, 60)


@dataclass(frozen=True)
class Fleet:
    """Twelve active SIMs, truck-00 to truck-11, and a person who manages them.

    `heavy` are the ICCIDs of the three that a vendor's file makes heavy, `ending` the last digits of another one.
    """

    organisation: "Organization"
    email: str
    heavy: list[str]
    ending: str = "3456"


@pytest.fixture
def fleet(organisation: "Organization", make_membership: MakeMembership) -> Fleet:
    """Their billing cycle began ten days ago, so that usage of this morning is always part of it."""
    from iotsim.core.tenancy import tenant
    from sims.models import Operator
    from tests.fleet import make_customer, make_plan, make_sim

    user = make_membership("manager").user
    user.set_password(PASSWORD)
    user.save()
    plan = make_plan(organisation, "Fleet 10 GB", quota_bytes=10**10, billing_day=billing_day(10))
    customer = make_customer(organisation, "Harbour Logistics")
    with tenant(organisation.pk, read_only=True):
        operator = Operator.objects.filter(country="DE").first()
    common = {"plan": plan, "customer": customer, "operator": operator, "country": "DE"}
    iccids = [f"894902000000{n:03}{1000 + n}" for n in range(11)] + ["8949020000000993456"]
    for n, iccid in enumerate(iccids):
        make_sim(organisation, iccid=iccid, label=f"truck-{n:02}", **common)
    return Fleet(organisation, user.email, heavy=iccids[:3])


def _is_complaint(message: "ConsoleMessage") -> bool:
    """An error; a form's answer that asks to confirm or correct (409, 422) is noted by the browser and is none."""
    asks = re.search(r"status of (409|422)", message.text) and "/act/" in message.location["url"]
    return message.type == "error" and not asks


@pytest.fixture
def new_page(browser: "Browser", site: str) -> Iterator[Visit]:
    """new_page(viewport=WIDE, scheme="light"): a page of a fresh browser profile.

    Whatever the browser complains about, such as an error in a script or something that the
    Content-Security-Policy forbids, fails the test at its end.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(viewport: dict[str, int] = WIDE, scheme: str = "light") -> "Page":
        context = browser.new_context(base_url=site, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("console", lambda one: _is_complaint(one) and complaints.append(f"{one.text} {one.location['url']}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(new_page: Visit, fleet: Fleet) -> Visit:
    """visit(viewport=WIDE, scheme="light"): a page on which the fleet's manager has signed in."""

    def sign_in(viewport: dict[str, int] = WIDE, scheme: str = "light") -> "Page":
        page = new_page(viewport, scheme)
        page.goto("/")
        page.get_by_label("E-mail").fill(fleet.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Dashboard").wait_for()
        return page

    return sign_in
