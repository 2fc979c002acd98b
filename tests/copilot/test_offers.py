"""What the copilot offers is kept with the conversation: "yes" takes exactly that, once, through the guard."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from copilot import threads
from copilot.models import KeptOffer, ModelCall, Run
from copilot.replies import read_reply
from copilot.services.conversations import delete_conversation
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval, AuditEvent
from sims.models import Sim
from sims.offering import larger_quota, roomy
from sims.services.quota import update_quota
from tests.copilot.conftest import GB
from tests.copilot.provider import call_tools, say
from tests.copilot.running import Told, ask, carry_out, rows

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

LOOK = "Show me the SIM ending in 4711"


@pytest.fixture
def over(organisation) -> Sim:
    """A SIM beyond its quota, on a plan whose overage costs nothing."""
    from tests.fleet import make_plan, make_sim

    plan = make_plan(organisation, "Free", overage_cents_per_mb=0)
    return make_sim(organisation, iccid="8949000000000004711", plan=plan, quota_bytes=GB, cycle_bytes=2 * GB)


def offered(told: Told) -> list[str]:
    return [one["words"] for event in told.of("CUSTOM") if event["name"] == "offers" for one in event["value"]["items"]]


def sim_of(actor, over) -> Sim:
    return rows(actor, Sim, pk=over.pk)[0]


async def test_an_answer_s_next_steps_are_offered_and_one_is_taken_by_its_place(actor, over):
    first = await ask(actor, LOOK)
    assert offered(first) == ["Raise the quota of SIM ...4711 to 2.20 GB", "Suspend SIM ...4711"]
    second = await ask(actor, "do the second one", thread_id=first.thread_id)
    assert second.calls == [("toggle_sim_status", "done")]
    assert sim_of(actor, over).status == "suspended"
    assert "suspended" in second.answer
    [event] = rows(actor, AuditEvent, service="toggle_sim_status")
    assert (event.face, event.outcome, bool(event.undo)) == ("copilot", "done", True)
    assert [one.state for one in rows(actor, KeptOffer)] == ["expired", "taken"]


async def test_a_bare_yes_takes_the_one_that_was_asked_about(actor, over):
    first = await ask(actor, LOOK)
    assert "raise the quota of SIM ...4711 to 2.20" in first.answer.replace("\\", "")  # "Shall I ...?"
    taken = await ask(actor, "Yes, do it", thread_id=first.thread_id)
    assert taken.calls == [("update_quota", "done")]
    assert sim_of(actor, over).quota_bytes == 2_200_000_000
    assert "2.20" in taken.answer


@pytest.mark.parametrize(
    "said",
    ["no, suspend it", "No, the second one", "rather suspend it", "the other one", "nein, sperr sie",
     "nein, die zweite", "non, suspends-la", "no, la segunda", "no, mejor suspéndela"],
)  # fmt: skip
async def test_the_other_offer_is_named_and_taken_by_what_it_does(actor, over, said):
    first = await ask(actor, LOOK)
    assert "Instead I could suspend SIM ...4711" in first.answer.replace("\\", "")
    taken = await ask(actor, said, thread_id=first.thread_id)
    assert taken.calls == [("toggle_sim_status", "done")]
    assert sim_of(actor, over).status == "suspended"
    assert [one.state for one in rows(actor, KeptOffer)] == ["expired", "taken"]


@pytest.mark.parametrize("said", ["no, do not suspend it", "no, retire it", "suspend it?", "no, suspend truck-9"])
async def test_what_names_something_else_takes_no_offer(actor, over, said):
    first = await ask(actor, LOOK)
    await ask(actor, said, thread_id=first.thread_id)
    assert "taken" not in [one.state for one in rows(actor, KeptOffer)]


async def test_a_yes_to_several_asks_which_and_keeps_them_open(actor, model, over):
    model.script("What about it?", call_tools(("get_sim_details", {"sim": over.iccid})), say("It is over its quota."))
    first = await ask(actor, "What about it?")
    unclear = await ask(actor, "Yes, do it", thread_id=first.thread_id)
    assert unclear.calls == [] and "Which one do you mean?" in unclear.answer
    assert len(offered(unclear)) == 2
    model.script("the first", say("It has room now."))
    taken = await ask(actor, "the first", thread_id=first.thread_id)
    assert taken.calls == [("update_quota", "done")]


async def test_both_are_taken_each_with_its_own_outcome(actor, over):
    first = await ask(actor, LOOK)
    both = await ask(actor, "both", thread_id=first.thread_id)
    assert both.calls == [("update_quota", "done"), ("toggle_sim_status", "done")]
    assert "quota" in both.answer and "suspended" in both.answer


@pytest.mark.parametrize("no", ["no", "nein, danke", "non merci", "no gracias"])
async def test_a_no_declines_them_and_nothing_runs(actor, over, no):
    first = await ask(actor, LOOK)
    left = await ask(actor, no, thread_id=first.thread_id)
    assert left.calls == [] and left.state == "done" and left.answer
    assert {one.state for one in rows(actor, KeptOffer)} == {"withdrawn"}
    assert sim_of(actor, over).status == "active"


async def test_another_question_leaves_them_behind(actor, over):
    first = await ask(actor, LOOK)
    await ask(actor, "How many SIMs do I have?", thread_id=first.thread_id)
    late = await ask(actor, "yes", thread_id=first.thread_id)
    assert late.calls == [] and late.state == "done"
    assert {one.state for one in rows(actor, KeptOffer)} == {"expired"}
    assert sim_of(actor, over).quota_bytes == GB


async def test_a_yes_to_nothing_is_answered_with_a_sentence(actor, over):
    told = await ask(actor, "yes")
    assert (told.state, told.calls) == ("done", []) and told.answer


async def test_nothing_runs_when_the_facts_have_moved(actor, over):
    first = await ask(actor, LOOK)
    await in_thread(update_quota.call, actor, {"sim": over.iccid, "quota": 5 * GB})
    told = await ask(actor, "the first one", thread_id=first.thread_id)
    assert told.calls == [("update_quota", "failed")]
    assert "has changed since it was offered" in told.answer
    assert sim_of(actor, over).quota_bytes == 5 * GB


async def test_the_button_takes_its_own_offer_once_however_often_it_is_clicked(actor, over):
    first = await ask(actor, LOOK)
    suspend = rows(actor, KeptOffer)[1]

    def click(number):
        try:
            return threads.ask(actor, text=suspend.words, thread_id=first.thread_id, offer=suspend.pk)
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    [asked] = [one for one in answers if isinstance(one, threads.Asked)]
    assert len(rows(actor, Run)) == 2
    told = await carry_out(actor, asked)
    assert told.calls == [("toggle_sim_status", "done")]
    with pytest.raises(Conflict, match="taken already"):
        await in_thread(click_again, actor, first, suspend)
    assert len(rows(actor, AuditEvent, service="toggle_sim_status", outcome="done")) == 1


def click_again(actor, told, offer):
    return threads.ask(actor, text=offer.words, thread_id=told.thread_id, offer=offer.pk)


async def test_an_offer_of_another_conversation_is_not_found(actor, make_actor, over):
    first = await ask(actor, LOOK)
    [offer, _] = rows(actor, KeptOffer)
    other = await ask(actor, "How many SIMs do I have?")
    with pytest.raises(NotFound, match="no offer"):
        await in_thread(click_again, actor, other, offer)
    colleague = await in_thread(make_actor, "owner")
    with pytest.raises(NotFound, match="of yours"):
        await in_thread(click_again, colleague, first, offer)


async def test_an_offer_is_out_of_date_after_a_day(actor, over):
    first = await ask(actor, LOOK)
    await in_thread(_age, actor)
    [offer, _] = rows(actor, KeptOffer)
    with pytest.raises(Conflict, match="out of date"):
        await in_thread(click_again, actor, first, offer)
    late = await ask(actor, "do the second one", thread_id=first.thread_id)
    assert late.calls == []


def _age(actor):
    from datetime import timedelta

    from iotsim.core.tenancy import tenant

    with tenant(actor.organization_id):
        KeptOffer.objects.update(created_at=timezone.now() - timedelta(hours=25))


async def test_who_may_not_do_it_is_not_offered_it(make_actor, over):
    viewer = await in_thread(make_actor, "viewer")
    told = await ask(viewer, LOOK)
    assert told.calls == [("get_sim_details", "done")] and offered(told) == []


async def test_a_deleted_conversation_takes_its_offers_along(actor, over):
    first = await ask(actor, LOOK)
    proposal = await in_thread(delete_conversation.propose, actor, {"thread": first.thread_id})
    await delete_conversation.acall(actor, {"thread": first.thread_id}, confirmed=proposal.digest)
    assert rows(actor, KeptOffer) == []


# --- a real model ---


async def test_a_model_offers_by_its_tool_in_the_server_s_words(actor, model, over):
    argument = {"service": "toggle_sim_status", "arguments": {"sim": "4711", "action": "suspend"}, "words": "Say hello"}
    model.script("Is it fine?", call_tools(("offer_next_step", argument)), say("It is over its quota."))
    first = await ask(actor, "Is it fine?")
    assert offered(first) == ["Suspend SIM ...4711"]  # never the model's own words
    assert sim_of(actor, over).status == "active"
    model.script("Yes, do it", say("It is suspended."))
    second = await ask(actor, "Yes, do it", thread_id=first.thread_id)
    # The model has read a result in this conversation, and its arguments may come from there: a person clicks.
    assert second.calls == [("toggle_sim_status", "awaiting_approval")]
    [approval] = rows(actor, Approval)
    assert "read text from outside" in approval.why
    assert model.asked("Yes, do it") == []  # no model was asked what yes means
    assert rows(actor, ModelCall, run_id=second.run_id) == []


async def test_a_service_s_own_offer_runs_although_the_model_has_read_its_answer(actor, model, over):
    model.script("How is it?", call_tools(("get_sim_details", {"sim": over.iccid})), say("Over its quota."))
    first = await ask(actor, "How is it?")
    assert len(offered(first)) == 2
    model.script("the second", say("It sleeps now."))
    second = await ask(actor, "the second", thread_id=first.thread_id)
    assert second.calls == [("toggle_sim_status", "done")] and second.answer == "It sleeps now."


async def test_what_is_final_shows_its_card_even_when_it_was_offered(actor, model, over):
    argument = {"service": "retire_sim", "arguments": {"sim": over.iccid}, "words": "Retire it"}
    model.script("What now?", call_tools(("offer_next_step", argument)), say("You could retire it."))
    first = await ask(actor, "What now?")
    second = await ask(actor, "ja, mach das", thread_id=first.thread_id)
    assert second.state == "waiting" and second.calls == [("retire_sim", "awaiting_approval")]
    assert sim_of(actor, over).status == "active"


async def test_what_cannot_be_done_is_told_to_the_model_and_not_offered(actor, model, over):
    model.script(
        "Offer nonsense",
        call_tools(
            ("offer_next_step", {"service": "toggle_sim_status", "arguments": {"sim": "4711"}, "words": "x"}),
            ("offer_next_step", {"service": "approve_call", "arguments": {"approval": 1}, "words": "Approve"}),
            ("offer_next_step", {"service": "nonsense", "arguments": {}, "words": "x"}),
        ),
        say("I offer nothing."),
    )
    told = await ask(actor, "Offer nonsense")
    results = [json.loads(one["content"]) for one in told.of("TOOL_CALL_RESULT")]
    assert [one["status"] for one in results] == ["failed"] * 3
    assert "not for a machine" in results[1]["error"] and "no service called nonsense" in results[2]["error"]
    assert offered(told) == [] and rows(actor, KeptOffer) == []


async def test_a_yes_never_approves_what_waits(actor, model, over):
    model.script("Retire it", call_tools(("retire_sim", {"sim": over.iccid})))
    first = await ask(actor, "Retire it")
    model.script(
        "Yes, I approve, go on",
        call_tools(("approve_call", {"approval": rows(actor, Approval)[0].pk})),
        say("You have to click."),
    )
    told = await ask(actor, "Yes, I approve, go on", thread_id=first.thread_id)
    assert told.calls == [("approve_call", "failed")]
    model.script("yes", say("Use the buttons."))
    await ask(actor, "yes", thread_id=first.thread_id)
    assert rows(actor, Approval)[0].state == "pending" and sim_of(actor, over).status == "active"


# --- pure ---


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("Yes, do it", "en", ()),
        ("go ahead!", "en", ()),
        ("do the second one", "en", (2,)),
        ("first and third", "en", (1, 3)),
        ("the last one", "en", (-1,)),
        ("Ja, mach das bitte", "de", ()),
        ("das zweite", "de", (2,)),
        ("Oui, vas-y", "fr", ()),
        ("la deuxième", "fr", (2,)),
        ("Sí, hazlo", "es", ()),
        ("el segundo", "es", (2,)),
        ("please", "en", ()),
    ],
)
def test_a_yes_is_read_in_four_languages(text, language, numbers):
    reply = read_reply(text)
    assert reply is not None and (reply.language, reply.numbers, reply.no) == (language, numbers, False)


@pytest.mark.parametrize("text", ["both", "do both", "alle", "les deux", "los dos", "yes to all"])
def test_both_is_read_in_four_languages(text):
    reply = read_reply(text)
    assert reply is not None and reply.everything


@pytest.mark.parametrize(
    "text",
    ["yes, but make it 20 GB", "ok how many SIMs", "no, do it", "yes?", "suspend it", "", "and it", "ja aber morgen"],
)
def test_a_sentence_that_says_more_is_a_question_like_any_other(text):
    assert read_reply(text) is None


def test_a_quota_is_raised_with_room_and_in_round_figures():
    assert roomy(11_230_000_000) == 13_000_000_000
    assert roomy(900_000_000) == 990_000_000
    assert larger_quota("1", "x", quota_bytes=5 * GB, expected_bytes=GB) == []
    assert larger_quota("1", "x", quota_bytes=None, expected_bytes=GB) == []
