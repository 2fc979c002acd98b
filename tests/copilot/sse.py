"""An AG-UI client without a library: it posts RunAgentInput and reads server-sent events."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

Json = dict[str, Any]


@dataclass
class Heard:
    """What an event stream said."""

    status: int
    headers: dict[str, str]
    events: list[Json] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    comments: int = 0
    problem: Json = field(default_factory=dict)

    def of(self, kind: str) -> list[Json]:
        return [one for one in self.events if one["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        return [one["type"] for one in self.events]

    @property
    def answer(self) -> str:
        return "".join(one["delta"] for one in self.of("TEXT_MESSAGE_CONTENT")).strip()

    @property
    def error(self) -> str:
        return "".join(one["message"] for one in self.of("RUN_ERROR"))

    @property
    def interrupts(self) -> list[Json]:
        return [one for end in self.of("RUN_FINISHED") for one in (end.get("outcome") or {}).get("interrupts", ())]

    @property
    def state(self) -> Json:
        """The shared state after all snapshots and patches, as a client folds them."""
        state: Json = {}
        for event in self.events:
            if event["type"] == "STATE_SNAPSHOT":
                state = json.loads(json.dumps(event["snapshot"]))
            elif event["type"] == "STATE_DELTA":
                for change in event["delta"]:
                    patch(state, change)
        return state


def patch(state: Any, change: Json) -> None:
    """RFC 6902, the two operations that are used."""
    *parents, last = change["path"].strip("/").split("/")
    for part in parents:
        state = state[int(part) if isinstance(state, list) else part]
    if change["op"] == "add":
        assert last == "-"
        state.append(change["value"])
    else:
        assert change["op"] == "replace"
        key: Any = int(last) if isinstance(state, list) else last
        assert isinstance(state, list) or last in state
        state[key] = change["value"]


def wanted(question: str = "", *, thread: str = "", run: str = "", **more: Any) -> Json:
    """RunAgentInput as the official client sends it."""
    messages = [{"id": uuid.uuid4().hex, "role": "user", "content": question}] if question else []
    return {
        "threadId": thread or uuid.uuid4().hex,
        "runId": run or uuid.uuid4().hex,
        "protocolVersion": "1.0",
        "messages": messages,
        "tools": [],
        "context": [],
        "state": {},
        "forwardedProps": {},
        **more,
    }


class Program:
    """A program with an API key, or a page with a session."""

    def __init__(self, web: str, key: str = "", *, cookies: dict[str, str] | None = None) -> None:
        self.web = web
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        if cookies:
            self.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())

    async def run(self, body: Any, *, until: str = "", **headers: str) -> Heard:
        """Post it and read to the end, or until an event holds `until`; then hang up."""
        async with self.open("POST", "copilot/agui", body=body, **headers) as answer:
            return await read(answer, until=until)

    async def follow(self, thread: str, *, run: str = "", until: str = "", **headers: str) -> Heard:
        path = f"copilot/agui/{thread}" + (f"?run={run}" if run else "")
        async with self.open("GET", path, **headers) as answer:
            return await read(answer, until=until)

    async def stop(self, thread: str) -> Heard:
        async with self.open("POST", f"copilot/agui/{thread}/stop") as answer:
            return await read(answer)

    @asynccontextmanager
    async def open(
        self, method: str, path: str, *, body: Any = None, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(headers={**self.headers, **named}) as http,
            http.request(method, f"{self.web}/api/v1/{path}", json=body) as answer,
        ):
            yield answer


async def read(answer: aiohttp.ClientResponse, *, until: str = "") -> Heard:
    heard = Heard(answer.status, dict(answer.headers))
    if not answer.content_type.startswith("text/event-stream"):
        text = await answer.text()
        heard.problem = json.loads(text) if text else {}
        return heard
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "id":
            heard.ids.append(value)
        elif name == "data":
            heard.events.append(json.loads(value))
            if until and until in value:
                return heard
        elif line.startswith(b":"):
            heard.comments += 1
    return heard
