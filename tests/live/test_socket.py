"""The live socket of an organisation: who may listen, what is told, and when."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from django.db import transaction

from iotsim import broadcast
from iotsim.core import events
from iotsim.core.effects import announce
from iotsim.core.guard import in_thread
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import store_upload
from sims.services.intake import import_sims
from sims.services.status import toggle_sim_status
from tests.conftest import REPOSITORY
from tests.fleet import make_customer, make_sim
from tests.live.conftest import Tab


@pytest.fixture
def tab(web: str, session_of: Callable[..., str], make_membership: Callable[..., Membership]) -> Callable[..., Tab]:
    """tab(role="owner", ...): the socket of a page that a new person has open."""

    def make(role: str = "owner", **membership: Any) -> Tab:
        return Tab(web, session_of(make_membership(role, **membership)))

    return make


async def test_a_change_is_told_by_its_kind_and_ids(tab, organisation, actor):
    sim = make_sim(organisation)
    async with tab() as page:
        await page.hello()
        await in_thread(toggle_sim_status, actor, sim=sim.iccid, action="suspend")
        changed = await page.changed("sim", "audit")
        assert changed == {"sim": [sim.pk], "audit": []}


async def test_what_is_rolled_back_is_told_to_nobody(tab, organisation):
    def fail() -> None:
        with tenant(organisation.pk):
            announce(organisation.pk, {"sim": [1]})
            transaction.set_rollback(True)

    async with tab() as page:
        await page.hello()
        await in_thread(fail)
        events.publish(organisation.pk, "report", [2])
        assert await page.changed("report") == {"report": [2]}


async def test_another_organisation_hears_nothing_of_it(tab, organisation, other_organisation):
    async with tab(organisation=other_organisation) as stranger:
        await stranger.hello()
        events.publish(organisation.pk, "sim", [1])
        events.publish(other_organisation.pk, "alert", [2])
        assert await stranger.changed("alert") == {"alert": [2]}


async def test_more_than_a_hundred_are_told_as_the_list(tab, organisation):
    async with tab() as page:
        await page.hello()
        events.publish(organisation.pk, "sim", list(range(1, 102)))
        assert await page.changed("sim") == {"sim": []}


async def test_a_burst_is_gathered_into_a_few_messages_that_lose_nothing(tab, organisation):
    async with tab() as page:
        await page.hello()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(1, 2001):
            events.publish(organisation.pk, "sim" if number % 2 else "usage", [number % 50 + 1])
        events.publish(organisation.pk, "report", [7])
        messages, seen = 0, {"sim": set(), "usage": set()}
        while True:
            changes = (await page.told())["changed"]
            messages += 1
            for kind in seen:
                seen[kind] |= set(changes.get(kind, []))
            if "report" in changes:
                break
        assert messages <= 2 + broadcast.PER_SECOND * (loop.time() - began)
        assert seen == {"sim": set(range(2, 51, 2)), "usage": set(range(1, 51, 2))}


async def test_whoever_is_limited_to_customers_learns_no_ids(tab, organisation):
    customer = make_customer(organisation)
    async with tab("viewer", customer_ids=[customer.pk]) as page:
        await page.hello()
        events.publish(organisation.pk, "sim", [1, 2])
        assert await page.changed("sim") == {"sim": []}


async def test_a_worker_tells_too(tab, organisation, actor, celery_worker_process, tmp_path):
    path = tmp_path / "sims.csv"
    path.write_text("iccid,label\n8949020000000000018,crane\n")
    with path.open("rb") as content:
        upload = store_upload(actor, name=path.name, content=content, size_bytes=path.stat().st_size)
    async with tab() as page:
        await page.hello()
        await in_thread(import_sims, actor, upload_id=upload.id)
        await page.changed("job", "intake", "sim")


async def test_a_command_tells_too(tab, organisation, environment):
    code = (
        f"import django; django.setup(); from iotsim.core import events; events.publish({organisation.pk}, 'sim', [5])"
    )
    async with tab() as page:
        await page.hello()
        await in_thread(subprocess.run, [sys.executable, "-c", code], env=environment, cwd=REPOSITORY, check=True)
        assert await page.changed("sim") == {"sim": [5]}


async def test_a_page_learns_how_long_nothing_has_changed(tab, organisation):
    async with tab() as page:
        assert (await page.told())["hello"]["quiet"] == broadcast.QUIET_SECONDS
    events.publish(organisation.pk, "sim", [1])
    async with tab() as page:
        assert (await page.told())["hello"]["quiet"] < 60


async def test_nobody_listens_without_signing_in(web, database):
    async with Tab(web, None) as page:
        assert await page.ending() == (4401, "Please sign in.")


async def test_a_page_of_another_site_is_refused(web, session_of, make_membership):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with Tab(web, session_of(make_membership()), origin="http://elsewhere.example"):
            pass
    assert refused.value.status == 403


async def test_a_removed_member_hears_no_more(web, session_of, make_membership, organisation):
    membership, colleague = make_membership("manager"), make_membership("viewer")
    async with Tab(web, session_of(membership)) as page, Tab(web, session_of(colleague)) as other:
        await page.hello()
        await other.hello()
        await in_thread(membership.delete)
        events.publish(organisation.pk, "member", [membership.user_id])
        code, sentence = await page.ending()
        assert code == 4403 and f"no longer a member of {organisation.name}" in sentence
        assert await other.changed("member") == {"member": [membership.user_id]}


async def test_whoever_has_gone_over_to_another_organisation_is_told_on_the_old_page(
    web, session_of, make_membership, organisation, other_organisation
):
    membership = make_membership("owner")
    session = session_of(membership)
    Membership.objects.create(user=membership.user, organization=other_organisation, role="viewer")

    def go_over() -> None:
        from django.contrib.sessions.backends.db import SessionStore

        store = SessionStore(session)
        store["organization"] = other_organisation.pk
        store.save()

    async with Tab(web, session) as page:
        await page.hello()
        await in_thread(go_over)
        events.publish(organisation.pk, "member", [])
        assert (await page.ending())[0] == 4409


async def test_ending_the_session_ends_the_socket(web, session_of, make_membership, organisation):
    from django.contrib.sessions.models import Session

    session = session_of(make_membership())
    async with Tab(web, session) as page:
        await page.hello()
        await in_thread(Session.objects.filter(pk=session).delete)
        events.publish(organisation.pk, "member", [])
        assert (await page.ending())[0] == 4401
