"""The copilot under load: the time it adds to a model's first word, many conversations at once, and Chainlit beside it.

    python -m bench.copilot [--questions 100] [--streams 300] [--words 60] [--pause 50] [--without-chainlit]

One web server, one runner and one provider on this machine; the readers are AG-UI streams. Prints one JSON line each:

* `first_word`: milliseconds from the question to the first word, through the product and by litellm called directly
  with the same messages and tools; `added` is the difference of each pair. Wanted: p95 of `added` <= 20 ms. `cpu` is
  what a question costs each process in milliseconds of a processor, whatever else the machine does; the runner's
  holds its own call of litellm, and all that follows the first word.
* `streams`: so many conversations at once, each with `words` words every `pause` ms. `lost` counts words that a reader
  did not get (wanted: 0), `late` is how long a word took from the provider to its reader.
* `chainlit`: the same load on Chainlit, in a virtual environment of its own (bench/chainlit.py).

Each line says how busy the machine was (`load`, over a minute). Exits with 1 when a word was lost.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.sim_list import database
from tests.web import APPLICATION, REPOSITORY, answers, free_port

Json = dict[str, Any]

SILENCE: Final = 400.0


class Setting:
    """The processes that are measured."""

    def __init__(self, folder: Path, streams: int) -> None:
        self.folder, self.streams = folder, streams
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.provider_port, self.web_port = free_port(), free_port()
        self.provider = f"http://127.0.0.1:{self.provider_port}/v1"
        self.web = f"http://127.0.0.1:{self.web_port}"

    def start(self) -> None:
        from django.conf import settings
        from django.db import connection

        from iotsim import processes
        from tests.servers import database_url

        named = connection.settings_dict
        address = database_url(user=named["USER"], password=named["PASSWORD"], host=named["HOST"], name=named["NAME"])
        environment = {
            **os.environ,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "iotsim.settings",
            "REDIS_PREFIX": settings.REDIS_PREFIX,
            "LOG_LEVEL": "info",
            "COPILOT_MODEL": "openai/gpt-4o-mini",
            "COPILOT_API_BASE": self.provider,
            "OPENAI_API_KEY": "sk-bench",
            "COPILOT_QUESTIONS_PER_MINUTE": "100000",
            "COPILOT_RUNS_AT_ONCE": str(self.streams + 10),
            "COPILOT_MAX_SECONDS": "900",
            "COPILOT_SILENCE_SECONDS": "300",
            "API_REQUESTS_PER_MINUTE": "0",
        }
        runner = self.folder / "runner.log"

        def begin(name: str, *command: str) -> subprocess.Popen[bytes]:
            log = self.folder / f"{name}.log"
            child = processes.spawn([sys.executable, *command], log=log, environment=environment, folder=REPOSITORY)
            self.started[name] = child
            return child

        begin("provider", "-m", "bench.copilot_provider", str(self.provider_port))
        child = begin("runner", "manage.py", "run_copilot")
        processes.wait_until(
            lambda: "copilot_runner_started" in processes.tail(runner, 500), child=child, log=runner, what="The runner"
        )
        child = begin("web", "-m", "iotsim.server", "--verbosity=0", f"--port={self.web_port}", APPLICATION)
        web = self.folder / "web.log"
        processes.wait_until(lambda: answers(f"{self.web}/healthz"), child=child, log=web, what="The web server")

    def cpu(self) -> dict[str, float]:
        """Seconds of a processor that web server and runner have used; nothing where the system does not say."""
        used = {}
        for name in ("web", "runner"):
            stat = Path(f"/proc/{self.started[name].pid}/stat")
            if stat.exists():
                fields = stat.read_text().rpartition(")")[2].split()
                used[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used

    def stop(self) -> None:
        from iotsim import processes

        processes.stop(self.started.values(), first=signal.SIGTERM, seconds=10)


@contextmanager
def running(streams: int) -> Iterator[Setting]:
    with tempfile.TemporaryDirectory(prefix="iotsim-bench-") as folder, database():
        setting = Setting(Path(folder), streams)
        try:
            setting.start()
            yield setting
        finally:
            setting.stop()


def key_of_a_member() -> str:
    from iotsim.core.keys import create_key
    from iotsim.core.models import Membership, Organization, User

    organization = Organization.objects.create(name="Bench", slug="bench")
    user = User.objects.create_user("bench@example.com")
    return create_key(Membership.objects.create(user=user, organization=organization, role="owner"))[1]


def question(words: int, pause: int) -> str:
    return f"Please say {words} words every {pause} ms"


# --- the readers ---


class Reader:
    """One conversation over AG-UI: when its words came, and how late each was."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.events = self.words = 0
        self.first: float | None = None
        self.late: list[float] = []
        self.ended = ""

    async def ask(self, http: aiohttp.ClientSession, web: str, text: str) -> None:
        begun = time.monotonic()
        body = {
            "threadId": f"bench-{self.number}-{begun}",
            "runId": f"run-{self.number}-{begun}",
            "messages": [{"id": "m", "role": "user", "content": text}],
        }
        async with http.post(f"{web}/api/v1/copilot/agui", json=body) as answer:
            if answer.status != 200:
                self.ended = f"{answer.status}: {(await answer.text())[:200]}"
                return
            async for line in answer.content:
                if line.startswith(b"data: "):
                    self.take(json.loads(line[6:]), begun)

    def take(self, event: Json, begun: float) -> None:
        self.events += 1
        now = time.monotonic()
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            sent = event["delta"].split()
            self.words += len(sent)
            self.late += [now - float(one) for one in sent]
            self.first = self.first if self.first is not None else now - begun
        elif event["type"] in ("RUN_FINISHED", "RUN_ERROR"):
            self.ended = event.get("message") or event["type"]


def session(key: str) -> aiohttp.ClientSession:
    limits = aiohttp.ClientTimeout(total=None, sock_read=SILENCE)
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}, timeout=limits, connector=connector)


# --- the first word ---


def prompt(text: str) -> tuple[list[Json], list[Json]]:
    """The messages and tools that the product sends for this question."""
    from datetime import date

    from copilot.prompt import system_message
    from copilot.tools import function_of, tools_for
    from iotsim.core.actor import Actor, Face
    from iotsim.core.models import Membership

    actor = Actor.for_membership(Membership.objects.select_related("user", "organization").get(), face=Face.COPILOT)
    tools = [function_of(one) for one in tools_for(actor, planner=False)]
    return [system_message(actor, today=date.today()), {"role": "user", "content": text}], tools


async def first_words(setting: Setting, key: str, count: int, messages: list[Json], tools: list[Json]) -> Json:
    """In turns, one way and the other."""
    from copilot.llm import _litellm

    litellm, text = _litellm(), question(1, 0)
    direct: list[float] = []
    ours: list[float] = []
    before: dict[str, float] = {}
    direct_cpu = 0.0
    os.environ["OPENAI_API_KEY"] = "sk-bench"

    async def ask_directly() -> float:
        begun = time.monotonic()
        answer = await litellm.acompletion(
            model="openai/gpt-4o-mini",
            messages=messages,
            tools=tools,
            stream=True,
            api_base=setting.provider,
            _skip_mcp_handler=True,
        )
        first = 0.0
        async for chunk in answer:
            if not first and chunk.choices and chunk.choices[0].delta.content:
                first = time.monotonic() - begun
        return first

    async with session(key) as http:
        for number in range(-10, count):  # the first ten warm both up
            if number == 0:
                before = setting.cpu()
            used = time.process_time()
            took = await ask_directly()
            direct_cpu += (time.process_time() - used) if number >= 0 else 0.0
            reader = Reader(number)
            await reader.ask(http, setting.web, text)
            if reader.first is None:
                raise SystemExit(f"No word came: {reader.ended}")
            if number >= 0:
                direct.append(took)
                ours.append(reader.first)
    added = [one - other for one, other in zip(ours, direct, strict=True)]
    spent = {name: after - before[name] for name, after in setting.cpu().items()} | {"direct": direct_cpu}
    cpu = {name: round(seconds * 1000 / count, 1) for name, seconds in spent.items()}
    return {"direct": spread(direct), "product": spread(ours), "added": spread(added), "cpu": cpu, "questions": count}


# --- many at once ---


async def many(setting: Setting, key: str, streams: int, words: int, pause: int) -> Json:
    readers = [Reader(number) for number in range(streams)]
    begun = time.monotonic()
    async with session(key) as http:
        await asyncio.gather(*(one.ask(http, setting.web, question(words, pause)) for one in readers))
    seconds = time.monotonic() - begun
    late = [one for reader in readers for one in reader.late]
    ends = sorted({reader.ended for reader in readers})
    return {
        "streams": streams,
        "words": streams * words,
        "lost": streams * words - sum(one.words for one in readers),
        "events": sum(one.events for one in readers),
        "ends": ends[:5],
        "seconds": round(seconds, 1),
        "words_a_second": round(sum(one.words for one in readers) / seconds),
        "first_word": spread([one.first for one in readers if one.first is not None]),
        "late": spread(late),
    }


def spread(seconds: list[float]) -> Json:
    """In milliseconds."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(statistics.median(seconds) * 1000, 1), "p95": round(cuts[18] * 1000, 1)}


def told(name: str, figures: Json) -> None:
    print(json.dumps({"bench": name, **figures, "load": round(os.getloadavg()[0], 1)}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the copilot under load.")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--pause", type=int, default=200, help="milliseconds between two words")
    parser.add_argument("--without-chainlit", action="store_true")
    given = parser.parse_args()
    with running(given.streams) as setting:
        key = key_of_a_member()
        messages, tools = prompt(question(1, 0))
        told("copilot.first_word", asyncio.run(first_words(setting, key, given.questions, messages, tools)))
        figures = asyncio.run(many(setting, key, given.streams, given.words, given.pause))
        told("copilot.streams", figures)
        if not given.without_chainlit:
            from bench import chainlit

            told("copilot.chainlit", chainlit.measure(setting.provider, given.streams, given.words, given.pause))
    return 1 if figures["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
