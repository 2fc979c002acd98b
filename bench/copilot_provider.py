"""A model provider for measuring: speaks OpenAI's streaming chat completions and says what it is asked to say.

    python -m bench.copilot_provider PORT

Answers "say 60 words every 50 ms" with 60 words, each the moment at which it was sent (seconds of the machine's
monotonic clock, which all processes share).
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

from aiohttp import web


def chunk(**choice: Any) -> bytes:
    whole = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, **choice}],
    }
    return f"data: {json.dumps(whole)}\n\n".encode()


async def complete(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    asked = [one["content"] for one in body["messages"] if one["role"] == "user"][-1]
    found = re.search(r"say (\d+) words every (\d+) ms", str(asked))
    words, pause = (int(found[1]), int(found[2]) / 1000) if found else (1, 0.0)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    due = time.monotonic()
    try:
        for _ in range(words):
            text = f"{time.monotonic():.4f} "
            await response.write(chunk(delta={"role": "assistant", "content": text}, finish_reason=None))
            due += pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await response.write(chunk(delta={}, finish_reason="stop") + b"data: [DONE]\n\n")
        await response.write_eof()
    except ConnectionResetError:  # whoever asked has gone
        pass
    return response


if __name__ == "__main__":
    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/v1/chat/completions", complete)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
