"""What a run does when a model is slow, down, wrong or says nothing; and the caps of one organisation."""

import asyncio
import json
import time

import httpx
import pytest

from copilot import circuit, llm
from copilot.models import ModelCall
from tests.copilot.choosing import choose
from tests.copilot.provider import Reply, call_tools, delta, fails, finish, say, usage
from tests.copilot.running import ask, rows, run_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _real(model):
    """All tests here ask a real model."""


def silent(reason: str = "stop") -> Reply:
    return Reply([delta(role="assistant", content=""), finish(reason), usage(100, 0)])


async def test_an_empty_answer_gets_one_more_try(actor, model):
    model.script("Say it", silent(), say("There."))
    told = await ask(actor, "Say it")
    assert told.state == "done" and told.answer == "There."
    again = model.asked("Say it")[1]["messages"]
    assert again[-1]["role"] == "system" and "empty" in again[-1]["content"]
    assert all(one["content"] for one in again)


async def test_two_empty_answers_end_the_run_with_a_sentence(actor, model):
    model.script("Silent", silent(), silent())
    told = await ask(actor, "Silent")
    assert told.state == "failed" and "answered nothing, twice" in told.error
    assert len(model.asked("Silent")) == 2


async def test_a_tool_that_does_not_exist_gets_one_more_try(actor, model, fleet):
    model.script("Strange", call_tools(("drop_database", {})), call_tools(("drop_table", {})))
    told = await ask(actor, "Strange")
    assert told.state == "failed" and "could not say what to do" in told.error
    assert "drop_table" in told.error and len(model.asked("Strange")) == 2


async def test_an_answer_that_was_cut_off_at_its_length_says_so(actor, model):
    model.script("At length", Reply([delta(content="And then"), finish("length"), usage()]))
    told = await ask(actor, "At length")
    assert told.answer == "And then" and told.state == "failed"
    assert "cut off" in told.error and told.of("RUN_ERROR")[0]["code"] == "length"


async def test_the_provider_is_told_how_long_an_answer_may_be(actor, model, settings):
    settings.COPILOT_MAX_OUTPUT_TOKENS = 777
    model.script("Short", say("Yes."))
    await ask(actor, "Short")
    assert model.asked("Short")[0]["max_tokens"] == 777


async def test_an_organisation_may_lower_its_caps_and_not_raise_them(actor, model, fleet, settings):
    settings.COPILOT_MAX_CALLS = 3
    await choose(actor, max_steps=2, max_calls=50, max_output_tokens=100)
    model.script("For ever and ever", *[call_tools(("get_fleet_summary", {}))] * 5)
    assert "more than 2 steps" in (await ask(actor, "For ever and ever")).error
    assert model.asked("For ever and ever")[0]["max_tokens"] == 100
    model.script("Many", call_tools(*[("get_fleet_summary", {})] * 4))
    assert "more than 3 calls" in (await ask(actor, "Many")).error


async def test_a_model_that_is_busy_is_asked_once_more_after_the_time_it_names(actor, model):
    model.script("Busy", fails(429, retry_after="2"), say("Now."))
    began = time.monotonic()
    told = await ask(actor, "Busy")
    assert told.answer == "Now." and time.monotonic() - began >= 2
    [call] = rows(actor, ModelCall)
    assert call.state == "done" and call.error == "first openai/gpt-4o-mini: RateLimitError"


async def test_a_model_that_is_busy_for_long_is_not_waited_for(actor, model):
    model.script("Busy for long", fails(429, retry_after="3000"))
    told = await ask(actor, "Busy for long")
    assert "Ask again in 3,000 seconds" in told.error and len(model.asked("Busy for long")) == 1


async def test_a_model_that_is_down_is_asked_twice_and_no_more(actor, model):
    model.script("Down", fails(503), fails(503), say("never"))
    told = await ask(actor, "Down")
    assert "down at the moment" in told.error and len(model.asked("Down")) == 2


async def test_a_key_that_is_refused_is_not_tried_again(actor, model):
    model.script("Key", fails(401), say("never"))
    assert "refused the key" in (await ask(actor, "Key")).error and len(model.asked("Key")) == 1


async def test_a_model_that_failed_three_times_rests_in_favour_of_the_next(actor, model, settings):
    settings.COPILOT_FALLBACK_MODELS = ["openai/gpt-4o"]
    for number in range(3):
        model.script(f"Try {number}", fails(500), say("The other."))
        assert (await ask(actor, f"Try {number}")).answer == "The other."
    assert circuit.is_resting("openai/gpt-4o-mini")
    model.script("Try 3", say("The other at once."))
    told = await ask(actor, "Try 3")
    assert [one["model"] for one in model.asked("Try 3")] == ["gpt-4o"]
    assert run_of(actor, told).model == "openai/gpt-4o"


async def test_each_answer_knows_its_model(actor, model, settings):
    settings.COPILOT_FALLBACK_MODELS = ["openai/gpt-4o"]
    model.script("Who are you?", fails(503), say("I am the other."))
    told = await ask(actor, "Who are you?")
    assert told.of("TEXT_MESSAGE_START")[0]["metadata"] == {"model": "openai/gpt-4o"}
    assert rows(actor, ModelCall)[0].model == "openai/gpt-4o"


async def test_what_stays_on_this_machine_does_not_fall_back_to_a_model_outside(actor, model, settings, monkeypatch):
    from copilot.choice import choice_of
    from iotsim.core.guard import in_thread

    settings.COPILOT_API_BASE = ""
    settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS = "ollama/llama3", ["openai/gpt-4o", "ollama/phi3"]
    choice = await in_thread(choice_of, actor.organization_id)
    assert (choice.outside, choice.masking, choice.fallbacks) == (False, False, ("ollama/phi3",))
    monkeypatch.setenv("OLLAMA_API_BASE", "http://models.example.com:11434")
    choice = await in_thread(choice_of, actor.organization_id)
    assert (choice.outside, choice.masking) == (True, True)
    settings.COPILOT_INSIDE_HOSTS = ["models.example.com"]
    assert not (await in_thread(choice_of, actor.organization_id)).outside


async def test_orphans_of_a_history_are_repaired_and_pairs_stay_together(actor, model, fleet, settings):
    settings.COPILOT_HISTORY_TOKENS = 500
    model.script("Look", call_tools(("find_sims", {}), ("get_fleet_summary", {})), say("Looked. " + "word " * 700))
    first = await ask(actor, "Look")
    model.script("And now?", say("Now."))
    await ask(actor, "And now?", thread_id=first.thread_id)
    messages = model.asked("And now?")[0]["messages"]
    called = [one["id"] for message in messages for one in message.get("tool_calls", ())]
    answered = [one["tool_call_id"] for one in messages if one["role"] == "tool"]
    assert called == answered
    assert json.dumps(messages).count("word") < 700 or called


async def test_connections_end_with_their_loop_whatever_kind_of_client_keeps_them():
    kept = llm._litellm().in_memory_llm_clients_cache.cache_dict
    clients = [httpx.AsyncClient(), httpx.Client(), object()]  # as those of some providers: one has nothing to close
    for number, client in enumerate(clients):
        key = f"client-{number}-{id(asyncio.get_running_loop())}"
        kept[key] = client
    await llm.hang_up()
    assert [client.is_closed for client in clients[:2]] == [True, True]
    assert not [key for key in kept if key.startswith("client-")]
