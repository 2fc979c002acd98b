"""An ASGI application that says more than a client may want to read. Its page tells the process's memory."""

import asyncio
import json
from pathlib import Path
from typing import Any

MESSAGES, SIZE = 1600, 65_536
sent: dict[str, int] = {}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        body = json.dumps({"rss": _rss(), "sent": sent}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
        return
    await receive()
    await send({"type": "websocket.accept"})
    gone = asyncio.ensure_future(_until_gone(receive))
    for n in range(MESSAGES):
        if gone.done():
            break
        await send({"type": "websocket.send", "text": "x" * SIZE})
        sent[scope["path"]] = n + 1
        await asyncio.sleep(0.001)
    await gone


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
