"""An application whose answer is events without an end, to see that they wait for a reader who does not read.

`/events` are `TOTAL` of them, numbered; `/taken` says how many the server has taken, and how many megabytes it holds.
"""

import json
from pathlib import Path
from typing import Any, Final

TOTAL: Final = 30_000
FILLER: Final = "x" * 1000  # 30 MB altogether

taken = 0


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    if scope["path"] == "/events":
        await _events(send)
    else:
        told = {"taken": taken, "megabytes": _memory()}
        await _head(send, "application/json")
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def _events(send: Any) -> None:
    global taken
    await _head(send, "text/event-stream")
    for number in range(TOTAL):
        event = f"id: {number}\ndata: {FILLER}\n\n".encode()
        await send({"type": "http.response.body", "body": event, "more_body": True})
        taken = number + 1
    await send({"type": "http.response.body", "body": b""})


async def _head(send: Any, kind: str) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def _memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
