"""The planner over several messages: chains, follow-ups, questions back, errors, roles."""

import json
from typing import Any

import pytest

from copilot.planner import plan
from iotsim.core import registry
from iotsim.core.slots import SlotContext

Message = dict[str, Any]


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def called(name: str, arguments: dict[str, Any], result: dict[str, Any], *, number: int = 1) -> list[Message]:
    """An assistant's call and the tool's answer."""
    call_id = f"call-{number}"
    function = {"name": name, "arguments": json.dumps(arguments)}
    return [
        {"role": "assistant", "content": "", "tool_calls": [{"id": call_id, "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": call_id, "content": json.dumps(result)},
    ]


def said(text: str) -> Message:
    return {"role": "assistant", "content": text}


def step(messages: list[Message], context: SlotContext, *, without: str = "") -> Any:
    tools = [one for one in registry.all_services() if one.examples and one.name != without]
    return plan(messages, tools, context)


TOP = {
    "sentence": "One SIM.",
    "items": [{"iccid": "8944500000000009021", "label": "cam-1", "usage_bytes": 9_100_000_000}],
    "total": 1,
}


def test_a_chained_call_takes_its_value_from_the_result_before(context: SlotContext) -> None:
    messages = [user("suspend my top SIM")]
    assert step(messages, context).calls == [{"name": "find_sims", "arguments": {"sort": "-usage", "limit": 1}}]
    messages += called("find_sims", {"sort": "-usage", "limit": 1}, TOP)
    assert step(messages, context).calls == [
        {"name": "toggle_sim_status", "arguments": {"action": "suspend", "sim": "8944500000000009021"}}
    ]
    messages += called("toggle_sim_status", {}, {"sentence": "cam-1 is suspended."}, number=2)
    assert step(messages, context).answer == "cam-1 is suspended."


def test_a_chain_stops_when_nothing_was_found(context: SlotContext) -> None:
    messages = [user("suspend my top SIM"), *called("find_sims", {}, {"sentence": "No SIM fits.", "total": 0})]
    stopped = step(messages, context)
    assert stopped.calls == []
    assert "Nothing was changed" in stopped.answer


def test_a_list_that_did_not_come_whole_is_not_passed_on(context: SlotContext) -> None:
    part = TOP | {"total": 400}
    messages = [user("tag all German SIMs with blue"), *called("find_sims", {"country": "DE"}, part)]
    stopped = step(messages, context)
    assert stopped.calls == []
    assert "400" in stopped.answer


def test_the_top_five_come_whole_though_more_fit(context: SlotContext) -> None:
    items = [{"iccid": f"894450000000000000{n}", "label": ""} for n in range(5)]
    arguments = {"sort": "-usage", "limit": 5}
    messages = [user("tag my top 5 SIMs with heavy"), *called("find_sims", arguments, {"items": items, "total": 2000})]
    (call,) = step(messages, context).calls
    assert call["arguments"] == {"tag": "heavy", "sims": [one["iccid"] for one in items]}


def test_a_failed_call_is_reported_and_nothing_follows(context: SlotContext) -> None:
    failed = {"status": "failed", "error": "Several SIMs fit 3456."}
    messages = [user("suspend 3456 and tag it with lost"), *called("toggle_sim_status", {}, failed)]
    assert step(messages, context).answer == "Several SIMs fit 3456. Not done: Tag SIMs."


def test_it_is_the_sim_that_was_talked_about(context: SlotContext) -> None:
    details = {"sentence": "truck-17 is active.", "iccid": "8944500000000001234", "label": "truck-17"}
    messages = [
        user("show me truck-17"),
        *called("get_sim_details", {"sim": "truck-17"}, details),
        said("truck-17 is active."),
    ]
    asked = step([*messages, user("and suspend it")], context)
    assert asked.calls == [{"name": "toggle_sim_status", "arguments": {"action": "suspend", "sim": "truck-17"}}]


def test_a_follow_up_changes_only_what_it_says(context: SlotContext) -> None:
    first = {"sim": "3456", "start_date": "2026-10-01", "end_date": "2026-10-31"}
    messages = [
        user("usage of 3456 in October"),
        *called("get_usage_history", first, {"sentence": "1 GB."}),
        said("1 GB."),
    ]
    again = step([*messages, user("what about the last 7 days")], context)
    assert again.calls == [
        {
            "name": "get_usage_history",
            "arguments": {"sim": "3456", "start_date": "2026-11-15", "end_date": "2026-11-22"},
        }
    ]


def test_only_the_german_ones_narrows_the_last_list(context: SlotContext) -> None:
    messages = [user("SIMs over 5GB"), *called("find_sims", {"min_usage": 5_000_000_000}, TOP), said("One SIM.")]
    again = step([*messages, user("only the German ones")], context)
    assert again.calls == [{"name": "find_sims", "arguments": {"min_usage": 5_000_000_000, "country": "DE"}}]


def test_suspend_them_takes_the_filter_of_the_last_list(context: SlotContext) -> None:
    messages = [user("SIMs over 5GB"), *called("find_sims", {"min_usage": 5_000_000_000}, TOP), said("One SIM.")]
    (call,) = step([*messages, user("suspend them")], context).calls
    assert call["name"] == "change_status_in_bulk"
    assert call["arguments"] == {"action": "suspend", "min_usage": 5_000_000_000}


def test_the_answer_to_a_question_back_completes_the_request(context: SlotContext) -> None:
    asked = step([user("suspend it")], context)
    messages = [user("suspend it"), said(asked.answer), user("the SIM ending in 3456")]
    (call,) = step(messages, context).calls
    assert (call["name"], call["arguments"]) == ("toggle_sim_status", {"sim": "3456", "action": "suspend"})


def test_what_the_role_forbids_is_said(context: SlotContext) -> None:
    refused = step([user("retire 3456")], context, without="retire_sim")
    assert refused.calls == []
    assert "your role does not allow that" in refused.answer


def test_a_list_is_answered_with_its_sentence_and_first_rows(context: SlotContext) -> None:
    items = [
        {"iccid": f"894450000000000000{n}", "label": f"cam-{n}", "usage_bytes": n * 10**9, "status": "active"}
        for n in (9, 8, 7, 6)
    ]
    result = {"sentence": "4 SIMs use more than 5 GB.", "items": items, "total": 4}
    answer = step([user("SIMs over 5GB"), *called("find_sims", {}, result)], context).answer
    row = "[cam-9](/sims/8944500000000000009/) (9.00\u00a0GB, active)"
    assert answer.startswith(f"4 SIMs use more than 5 GB. The first are {row}")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("yes, do it", "no open offer"),
        ("the second one", "no open offer"),
        ("ja", "Kein Angebot"),
        ("no", "Understood"),
    ],
)
def test_a_yes_to_nothing_is_told_so(context: SlotContext, reply: str, words: str) -> None:
    made = step([user("How many SIMs?"), said("You have 2,000 SIMs."), user(reply)], context)
    assert made.calls == []
    assert words in made.answer
