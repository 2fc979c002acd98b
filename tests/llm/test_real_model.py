"""One journey with a real language model: socket, web server, runner, litellm, HTTP, tokens, and back to the sidebar.

What it says proves nothing and is not looked at: only that its tokens stream all the way as they are made.
"""

import json

import pytest

from copilot.models import Run, RunEvent
from tests.copilot.page import Page
from tests.copilot.running import rows


@pytest.fixture
def model_runner(start_runner, gateway):
    """A real runner whose model is the small one."""
    return start_runner(
        COPILOT_MODEL="openai/smollm2-135m", COPILOT_API_BASE=gateway.base, OPENAI_API_KEY="none",
        COPILOT_SILENCE_SECONDS="120", COPILOT_MAX_SECONDS="300",
    )  # fmt: skip


async def test_tokens_of_a_real_model_stream_to_the_sidebar(page, owner, gateway, model_runner):
    lengths: list[int] = []

    def grows(page: Page) -> bool:
        """Every fragment that comes is looked at, so that growth between them is seen."""
        lengths.append(len(page.text))
        return page.status in ("Done", "Not answered") and not page.running

    async with page:
        await page.ask("Say hello to the people who look after our SIM cards.")
        await page.until(grows, seconds=280)
    [run] = rows(owner, Run)
    assert run.model == "openai/smollm2-135m"
    assert run.state == "done" or run.error.startswith(
        "The answer was cut off"
    )  # so small a model may repeat itself without an end
    assert run.input_tokens > 50 and run.output_tokens > 3  # as the model's own server counted them
    events = [one.payload for one in rows(owner, RunEvent)]
    said = "".join(one["delta"] for one in events if one["type"] == "TEXT_MESSAGE_CONTENT")
    assert said.strip()
    assert len(set(lengths)) > 3, "the answer came at once and not word by word"
    [request] = gateway.requests
    assert request["stream"] is True and request["tools"]
    assert request["messages"][-1]["content"].startswith("Say hello")
    told = b"".join(gateway.pieces).decode()
    pieces = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: {")]
    theirs = "".join(
        part["delta"].get("content") or "" for one in pieces for part in one["choices"] if part.get("delta")
    )
    assert said == theirs, "what the sidebar was told is what the model said, to the letter"
