"""An answer that goes on while pages come and go: reload, second tab, stop. Real processes, a real provider."""

import pytest

from copilot.models import Run
from tests.copilot.page import Page
from tests.copilot.provider import say
from tests.copilot.running import rows

pytestmark = pytest.mark.usefixtures("model_runner")

LONG = " ".join(f"w{number}" for number in range(60))


async def test_a_reload_in_mid_answer_loses_nothing(web, page, provider):
    provider.script("Tell me much", say(LONG, pause=0.05))
    async with page:
        await page.ask("Tell me much")
        await page.until(lambda one: "w5 " in one.text)
    async with Page(web, page.session) as reloaded:
        await reloaded.until(lambda one: "w7 " in one.text)
        assert reloaded.running
        await reloaded.until(lambda one: "w59" in one.text and not one.running)
        assert LONG in reloaded.text
    async with page:
        await page.until(lambda one: "w59" in one.text and not one.running)
        assert LONG in page.text and page.text.count("w30") == 1


async def test_two_tabs_watch_the_same_answer_grow(web, page, provider):
    provider.script("For two", say(LONG, pause=0.03))
    async with page, Page(web, page.session) as second:
        await page.until(lambda one: one.place)
        await page.ask("For two")
        await page.until(lambda one: "w5 " in one.text)
        await second.say(type="open", thread=str(page.thread))
        await second.until(lambda one: one.running and "w7 " in one.text)
        for one in (page, second):
            await one.until(lambda one: "w59" in one.text and not one.running)
            assert LONG in one.text


async def test_stop_is_a_command_and_a_lost_connection_is_none(web, page, provider, owner):
    provider.script("Stop me", say(LONG * 5, pause=0.05))
    async with page:
        await page.ask("Stop me")
        await page.until(lambda one: "w5 " in one.text)
    async with Page(web, page.session) as back:
        await back.until(lambda one: one.running and "w12 " in one.text)
        await back.say(type="stop")
        await back.until(lambda one: one.status == "Stopped", seconds=5)
        assert "w59" not in back.text and not back.running
    [run] = rows(owner, Run)
    assert run.state == "stopped"


async def test_a_question_while_an_answer_is_given_is_refused_with_a_sentence(page, provider):
    provider.script("Long one", say(LONG, pause=0.05))
    async with page:
        await page.ask("Long one")
        await page.until(lambda one: "w5 " in one.text)
        await page.ask("Another one")
        await page.until(lambda one: "still answering" in one.text)
        await page.until(lambda one: "w59" in one.text and not one.running)
