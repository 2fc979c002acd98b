"""How long live sockets live: holds some open at a running server, as browsers do, and tells what became of them.

    python -m bench.soak http://127.0.0.1:8000 --session COOKIE --sockets 20 --hours 8

COOKIE is the value of `iotsim_session` of somebody who has signed in. Prints one JSON line a minute and one at the end.
"""

import argparse
import asyncio
import json
import time

import aiohttp

PING_SECONDS = 20


class Held:
    """One socket, and what it was told."""

    def __init__(self) -> None:
        self.opened_at = time.monotonic()
        self.messages, self.code = 0, None
        self.lived: float | None = None

    async def hold(self, http: aiohttp.ClientSession, address: str) -> None:
        async with http.ws_connect(f"{address}/ws/live/", origin=address) as socket:
            pinging = asyncio.create_task(self._ping(socket))
            async for _ in socket:
                self.messages += 1
            pinging.cancel()
            self.code, self.lived = socket.close_code, time.monotonic() - self.opened_at

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while not socket.closed:
            await asyncio.sleep(PING_SECONDS)
            await socket.send_str("ping")


def state(held: list[Held], began: float) -> str:
    ended = [round(one.lived) for one in held if one.lived is not None]
    codes = sorted({one.code for one in held if one.lived is not None}, key=str)
    messages = sum(one.messages for one in held)
    seconds = round(time.monotonic() - began)
    figures = {"seconds": seconds, "open": len(held) - len(ended), "ended_after": ended, "codes": codes}
    return json.dumps({"bench": "soak", **figures, "messages": messages})


async def main() -> None:
    parser = argparse.ArgumentParser(description="Hold live sockets open and tell how long they lived.")
    parser.add_argument("address")
    parser.add_argument("--session", required=True)
    parser.add_argument("--sockets", type=int, default=5)
    parser.add_argument("--hours", type=float, default=8.0)
    given = parser.parse_args()
    began, held = time.monotonic(), [Held() for _ in range(given.sockets)]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookies={"iotsim_session": given.session}, cookie_jar=jar) as http:
        tasks = [asyncio.create_task(one.hold(http, given.address)) for one in held]
        while time.monotonic() - began < given.hours * 3600 and not all(task.done() for task in tasks):
            await asyncio.sleep(min(60, given.hours * 3600))
            print(state(held, began), flush=True)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
