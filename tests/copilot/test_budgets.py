"""Money for models: what is reserved, refused, settled, warned of and released."""

import asyncio
from decimal import Decimal

import pytest
from django.utils import timezone

from copilot.choice import Budgets
from copilot.models import ModelCall, Run
from copilot.spending import BudgetSpent, release, reserve
from iotsim.core.guard import in_thread
from iotsim.core.models import Notification
from iotsim.core.tenancy import tenant
from tests.copilot.choosing import choose
from tests.copilot.provider import Reply, call_tools, delta, fails, finish, say, usage
from tests.copilot.running import ask, rows

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _real(model):
    """All tests here ask a real model."""


def answer(sent: int, said: int = 10) -> Reply:
    return Reply([delta(role="assistant", content="Yes."), finish(), usage(sent, said)])


async def test_each_call_is_written_down_with_what_it_took(actor, model, fleet):
    model.script("Two steps", call_tools(("get_fleet_summary", {})), answer(2000, 30))
    told = await ask(actor, "Two steps")
    first, second = rows(actor, ModelCall)
    assert [(one.step, one.state, one.purpose) for one in (first, second)] == [
        (1, "done", "answer"),
        (2, "done", "answer"),
    ]
    assert (second.run_id, second.thread_id, second.user_id) == (told.run_id, told.thread_id, actor.user_id)
    assert (second.model, second.provider) == ("openai/gpt-4o-mini", "openai")
    assert (second.input_tokens, second.output_tokens) == (2000, 30) and not second.estimated
    assert second.cost == 2000 * Decimal("1.5e-07") + 30 * Decimal("6e-07")
    assert second.reserved is not None and second.reserved > second.cost
    assert second.first_token_ms is not None and second.duration_ms is not None
    assert 0 <= second.first_token_ms <= second.duration_ms


async def test_cached_tokens_are_counted_and_cost_less(actor, model):
    told_usage = usage(2000, 10)
    told_usage["usage"]["prompt_tokens_details"] = {"cached_tokens": 1800}
    model.script("Again", Reply([delta(content="Yes."), finish(), told_usage]))
    await ask(actor, "Again")
    [call] = rows(actor, ModelCall)
    assert call.cached_tokens == 1800
    assert call.cost == 200 * Decimal("1.5e-07") + 1800 * Decimal("7.5e-08") + 10 * Decimal("6e-07")


async def test_a_run_that_might_pass_the_budget_is_refused_with_what_is_left(actor, model):
    await choose(actor, budget_month=Decimal("0.01"))
    model.script("Cheap", answer(60_000, 0))
    assert (await ask(actor, "Cheap")).state == "done"
    told = await ask(actor, "Expensive")
    assert told.state == "failed" and not model.asked("Expensive")
    assert "The organisation's budget for this month is $0.01; $0.0010 of it is left" in told.error
    assert "It renews on 1 " in told.error and actor.name in told.error and "Settings, Copilot" in told.error
    assert told.of("RUN_ERROR")[0]["code"] == "budget"
    assert [one.state for one in rows(actor, ModelCall)] == ["done"]


async def test_one_person_s_budget_does_not_stop_another(actor, make_actor, model):
    await choose(actor, user_budget_day=Decimal("0.01"))
    model.script("Mine", answer(60_000))
    assert (await ask(actor, "Mine")).state == "done"
    refused = await ask(actor, "Mine again")
    assert "Your budget for today is $0.01" in refused.error and "at midnight" in refused.error
    other = await in_thread(make_actor, "viewer")
    model.script("Theirs", say("Yes."))
    assert (await ask(other, "Theirs")).state == "done"


async def test_runs_side_by_side_cannot_overspend(actor, model):
    """Each might cost 0.01; the budget has room for three of ten."""

    async def one(number: int) -> bool:
        call = ModelCall(
            organization_id=actor.organization_id, run_id=number, thread_id=1, user_id=1, step=1, model="openai/x",
            provider="openai", reserved=Decimal("0.01"),
        )  # fmt: skip
        try:
            await in_thread(reserve, call, Budgets(month=Decimal("0.035")))
        except BudgetSpent:
            return False
        return True

    assert sum(await asyncio.gather(*(one(number) for number in range(10)))) == 3


async def test_people_are_told_once_when_four_fifths_are_spent(actor, make_actor, model):
    viewer = await in_thread(make_actor, "viewer")
    await choose(actor, budget_month=Decimal("0.05"))
    price = Decimal("1.5e-07")
    for number, share in enumerate(("0.5", "0.35", "0.05")):
        tokens = int(Decimal("0.05") * Decimal(share) / price)
        model.script(f"Spend {number}", answer(tokens, 0))
        assert (await ask(viewer, f"Spend {number}")).state == "done"
    [note] = rows(actor, Notification, kind="budget")
    assert note.user_id == actor.user_id and note.path == "/copilot/spending/"
    assert note.sentence == "The copilot's budget for this month ($0.05) is used to 84 %: $0.04."


async def test_a_model_without_a_known_price_needs_a_budget_of_tokens(actor, model, settings):
    settings.COPILOT_MODEL = "openai/of-our-own"
    settings.COPILOT_API_BASE = model.base.replace("127.0.0.1", "0.0.0.0")
    await choose(actor, masking="never", budget_month=Decimal(5))
    told = await ask(actor, "Unpriced")
    assert "the price of openai/of-our-own is not known" in told.error and not model.asked("Unpriced")
    await choose(actor, unpriced_tokens_month=1_000_000)
    model.script("Unpriced", answer(500, 50))
    assert (await ask(actor, "Unpriced")).state == "done"
    [call] = rows(actor, ModelCall)
    assert (call.cost, call.reserved, call.input_tokens) == (None, None, 500)
    await choose(actor, unpriced_tokens_month=1000)
    assert "has 450 left" in (await ask(actor, "Once more")).error


async def test_the_operator_may_set_a_price(actor, model, settings):
    settings.COPILOT_MODEL = "openai/of-our-own"
    settings.COPILOT_PRICES = ["openai/of-our-own=2/8"]
    model.script("Priced", answer(1000, 100))
    await ask(actor, "Priced")
    assert rows(actor, ModelCall)[0].cost == Decimal("0.002") + Decimal("0.0008")


async def test_a_model_of_ours_costs_nothing(actor, model, settings):
    settings.COPILOT_MODEL = "openai/of-our-own"
    await choose(actor, budget_month=Decimal(0))
    model.script("Free", answer(1000, 100))
    assert (await ask(actor, "Free")).state == "done"
    assert rows(actor, ModelCall)[0].cost == 0


async def test_an_answer_that_was_stopped_is_settled_by_estimate(actor, model):
    model.script("Go on and on", say("word " * 200, pause=0.05))

    def press(event, runner):
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            runner.stop_runs()

    assert (await ask(actor, "Go on and on", on_event=press)).state == "stopped"
    [call] = rows(actor, ModelCall)
    assert call.state == "failed" and call.estimated and call.cost > 0 and call.output_tokens < 60


async def test_a_call_that_failed_costs_nothing(actor, model):
    model.script("Fails", fails(401))
    await ask(actor, "Fails")
    [call] = rows(actor, ModelCall)
    assert (call.state, call.cost, call.input_tokens) == ("failed", 0, 0)
    assert "refused the key" in call.error


async def test_what_a_dead_runner_had_reserved_is_given_back(actor):
    budgets = Budgets(month=Decimal("0.01"))

    def call(run_id: int) -> ModelCall:
        return ModelCall(
            organization_id=actor.organization_id, run_id=run_id, thread_id=1, user_id=1, step=1, model="openai/x",
            provider="openai", reserved=Decimal("0.01"),
        )  # fmt: skip

    def let_go() -> None:
        with tenant(actor.organization_id):
            release(1)

    def grow_old() -> None:
        with tenant(actor.organization_id):
            long_ago = timezone.now().replace(year=timezone.now().year - 1)
            ModelCall.objects.filter(run_id=2).update(created_at=long_ago)

    await in_thread(reserve, call(1), budgets)
    with pytest.raises(BudgetSpent):
        await in_thread(reserve, call(2), budgets)
    await in_thread(let_go)  # as the runner that finds the run does
    await in_thread(reserve, call(2), budgets)
    await in_thread(grow_old)  # and where nobody finds it, time does
    await in_thread(reserve, call(3), budgets)
    states = {one.run_id: (one.state, one.cost) for one in rows(actor, ModelCall)}
    assert states[1] == states[2] == ("failed", 0) and states[3] == ("reserved", None)


async def test_an_interrupted_run_gives_its_reservation_back(actor, model):
    from copilot import queue, threads
    from copilot.execution import end_interrupted

    asked = await in_thread(threads.ask, actor, text="Never answered", worker="dead")
    call = ModelCall(
        organization_id=actor.organization_id, run_id=asked.run_id, thread_id=asked.thread_id, user_id=1, step=1,
        model="openai/x", provider="openai", reserved=Decimal("0.01"),
    )  # fmt: skip
    await in_thread(reserve, call, Budgets(month=Decimal(1)))
    assert await in_thread(queue.keep, "dead", [asked.run_id])
    await in_thread(end_interrupted, actor.organization_id, asked.run_id, worker="dead")
    assert rows(actor, ModelCall)[0].state == "failed"
    assert rows(actor, Run)[0].state == "failed"
