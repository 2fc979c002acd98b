"""The same load on Chainlit: its newest release from the package index, in a virtual environment of its own.

Made once, under var/bench-chainlit, by uv. The application is Chainlit's own way of streaming: `stream_token` for each
piece of the same provider's answer, asked by the OpenAI client that Chainlit's documentation uses. The readers are
Socket.IO clients, one for each conversation, as Chainlit's page is one.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.web import REPOSITORY, answers, free_port

HOME: Final = REPOSITORY / "var" / "bench-chainlit"
PYTHON: Final = HOME / "venv" / "bin" / "python"
SECONDS_TO_INSTALL: Final = 600
PACKAGES: Final = ("chainlit", "openai", "python-socketio[asyncio_client]", "aiohttp")

APPLICATION: Final = """
import os
import chainlit as cl
from openai import AsyncOpenAI

client = AsyncOpenAI(api_key="sk-bench", base_url=os.environ["BENCH_PROVIDER"])

@cl.on_message
async def main(message: cl.Message):
    answer = cl.Message(content="")
    stream = await client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": message.content}], stream=True
    )
    async for part in stream:
        if part.choices and (text := part.choices[0].delta.content):
            await answer.stream_token(text)
    await answer.update()
"""

CLIENT: Final = """
import asyncio, json, sys, time, uuid
import socketio

given = json.loads(sys.argv[1])

class Reader:
    def __init__(self):
        self.words, self.late, self.first, self.error = 0, [], None, ""
        self.over = asyncio.Event()

    def take(self, text):
        now = time.monotonic()
        for one in text.split():
            try:
                self.late.append(now - float(one))
            except ValueError:
                continue
            self.words += 1
            self.first = self.first or now - self.begun
        if self.words >= given["words"]:
            self.over.set()

    async def run(self):
        sio = socketio.AsyncClient(reconnection=False)
        sio.on("stream_start", lambda data: self.take(data.get("output", "")))
        sio.on("stream_token", lambda data: self.take(data["token"]))
        sio.on("disconnect", lambda *reason: self.over.set())
        session = str(uuid.uuid4())
        auth = {"clientType": "webapp", "sessionId": session, "threadId": "", "userEnv": "{}", "chatProfile": ""}
        try:
            await sio.connect(given["url"], auth=auth, transports=["websocket"], socketio_path="/ws/socket.io")
            await sio.emit("connection_successful")
            await asyncio.sleep(given["settle"])
            self.begun = time.monotonic()
            message = {"id": str(uuid.uuid4()), "name": "user", "type": "user_message", "output": given["question"]}
            message |= {"threadId": "", "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            await sio.emit("client_message", {"message": message, "fileReferences": []})
            await asyncio.wait_for(self.over.wait(), given["patience"])
            await sio.disconnect()
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"[:200]

async def main():
    readers = [Reader() for _ in range(given["streams"])]
    begun = time.monotonic()
    await asyncio.gather(*(one.run() for one in readers))
    seconds = time.monotonic() - begun - given["settle"]
    print(json.dumps({
        "words": sum(one.words for one in readers),
        "late": [x for one in readers for x in one.late],
        "first": [one.first for one in readers if one.first],
        "errors": sorted({one.error for one in readers if one.error})[:3],
        "seconds": seconds,
    }))

asyncio.run(main())
"""


def measure(provider: str, streams: int, words: int, pause: int) -> dict[str, Any]:
    """The figures, or why there are none."""
    why = install()
    if why:
        return {"skipped": why}
    port = free_port()
    app = HOME / "app.py"
    app.write_text(APPLICATION)
    with (HOME / "server.log").open("wb") as log:
        command = [str(PYTHON), "-m", "chainlit", "run", str(app), "--headless", "--port", str(port)]
        told = {**os.environ, "BENCH_PROVIDER": provider}
        told.pop("DATABASE_URL", None)  # Chainlit would keep its conversations there
        server = subprocess.Popen(command, cwd=HOME, env=told, stdout=log, stderr=log, start_new_session=True)
        try:
            return _load(f"http://127.0.0.1:{port}", server, streams, words, pause)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(15)


def install() -> str:
    """Make the environment if need be. Answers why it could not be made."""
    if (HOME / "ready").exists():
        return ""
    HOME.mkdir(parents=True, exist_ok=True)
    uv = Path(sys.executable).with_name("uv")
    for command in (
        [str(uv), "venv", "--quiet", "--clear", str(HOME / "venv")],
        [str(uv), "pip", "install", "--quiet", f"--python={PYTHON}", *PACKAGES],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_INSTALL, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Chainlit could not be installed: {error}"
        if done.returncode:
            return f"Chainlit could not be installed: {done.stderr.strip()[-300:]}"
    (HOME / "ready").touch()
    return ""


def _load(url: str, server: "subprocess.Popen[bytes]", streams: int, words: int, pause: int) -> dict[str, Any]:
    import time

    from bench.copilot import question, spread

    end = time.monotonic() + 120
    while not answers(url):
        if server.poll() is not None or time.monotonic() > end:
            return {"skipped": f"Chainlit did not start: {(HOME / 'server.log').read_text()[-300:]}"}
        time.sleep(0.5)
    told = {"url": url, "question": question(words, pause), "streams": streams, "words": words, "settle": 10}
    told["patience"] = 60 + words * pause / 1000 * 5
    command = [str(PYTHON), "-c", CLIENT, json.dumps(told)]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=1200, check=False)
    if done.returncode:
        return {"skipped": f"The readers of Chainlit broke down: {done.stderr.strip()[-300:]}"}
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "streams": streams,
        "words": streams * words,
        "lost": streams * words - found["words"],
        "errors": found["errors"],
        "seconds": round(found["seconds"], 1),
        "words_a_second": round(found["words"] / found["seconds"]),
        "first_word": spread(found["first"]),
        "late": spread(found["late"]),
    }
