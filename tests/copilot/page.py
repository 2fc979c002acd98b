"""A sidebar without a browser: it connects and sends like one, and swaps fragments as htmx's ws extension does."""

import asyncio
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import aiohttp

VOID = {"input", "br", "hr", "img", "meta", "link", "path", "use", "circle", "line", "polyline", "col", "wbr"}


class TopLevel(HTMLParser):
    """Splits HTML into its top-level elements: (attributes, whole text, inner text)."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.text, self.depth = text, 0
        self.lines = [0]
        for line in text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.found: list[tuple[dict[str, str | None], str, str]] = []
        self.feed(text)
        self.close()
        assert self.depth == 0, f"unbalanced HTML: {text[:300]}"

    def place(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        if self.depth == 0:
            self.start, self.attributes = self.place(), dict(attrs)
            self.inner = self.start + len(self.get_starttag_text() or "")
        self.depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        self.depth -= 1
        if self.depth == 0:
            end = self.text.index(">", self.place()) + 1
            self.found.append((self.attributes, self.text[self.start : end], self.text[self.inner : self.place()]))


class Page:
    """One tab with the sidebar open."""

    def __init__(self, url: str, session: str | None, *, origin: str | None = None) -> None:
        self.url, self.session = url, session
        self.origin = origin or url
        self.log: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.place: dict[str, str] = {}
        self.messages: list[str] = []
        self.close_code: int | None = None

    async def __aenter__(self) -> "Page":
        await self.connect()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.disconnect()

    async def connect(self, *, hello: bool = True) -> None:
        cookies = {"iotsim_session": self.session} if self.session else {}
        self.http = aiohttp.ClientSession(cookies=cookies)
        self.ws = await self.http.ws_connect(f"{self.url}/ws/copilot/", origin=self.origin, max_msg_size=0)
        self.reader = asyncio.create_task(self._read())
        if hello:
            place = {name: self.place.get(f"data-{name}", "") for name in ("thread", "seq", "head", "first")}
            await self.say(type="open", page="/sims/", **place)

    async def disconnect(self) -> None:
        await self.ws.close()
        await self.http.close()
        self.reader.cancel()
        await asyncio.wait({self.reader})

    async def say(self, **message: Any) -> None:
        """As htmx sends it: JSON with the headers."""
        await self.ws.send_str(json.dumps({**message, "HEADERS": {"HX-Request": "true"}}))

    async def ask(self, text: str) -> None:
        await self.say(type="ask", text=text, context={"path": "/sims/"})

    async def until(self, condition: Any, *, seconds: float = 60.0) -> None:
        """Wait for the page to look so; says how it looks when it never does."""
        end = asyncio.get_running_loop().time() + seconds
        while not condition(self):
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"The page never looked so. It shows:\n{self.text}\n{self.parts}")
            await asyncio.sleep(0.02)

    async def over(self, **options: Any) -> None:
        """Wait until an answer has begun and ended."""
        await self.until(lambda page: page.status in ("Done", "Approval needed", "Stopped", "Not answered"), **options)

    @property
    def text(self) -> str:
        """What the log reads like."""
        return _text("\n".join(self.log.values()))

    @property
    def status(self) -> str:
        return _text(self.parts.get("copilot-status", ""))

    @property
    def running(self) -> bool:
        return not re.search(r"<button[^>]* hidden>", self.parts.get("copilot-stop", "<button hidden>"))

    @property
    def thread(self) -> int:
        return int(self.place["data-thread"])

    @property
    def seq(self) -> int:
        return int(self.place["data-seq"])

    async def _read(self) -> None:
        async for message in self.ws:
            if message.type == aiohttp.WSMsgType.TEXT:
                self.messages.append(message.data)
                self.swap(message.data)
        self.close_code = self.ws.close_code

    def swap(self, text: str) -> None:
        """Each top-level element goes where its hx-swap-oob says, else in place of the element with its id."""
        for attributes, whole, inner in TopLevel(text).found:
            how, its_id = attributes.get("hx-swap-oob") or "true", attributes.get("id") or ""
            if how == "beforeend:#copilot-log":
                self._add(inner)
            elif how == "afterbegin:#copilot-log":
                later, self.log = self.log, {}
                self._add(inner)
                assert not self.log.keys() & later.keys(), "what stands there already was sent again"
                self.log.update(later)
            elif how == "innerHTML" and its_id == "copilot-log":
                self.log.clear()
                self._add(inner)
            elif how == "innerHTML":
                self.parts[its_id] = inner
            elif its_id == "copilot-place":
                self.place = {name: value or "" for name, value in attributes.items()}
            elif its_id == "copilot-stop":
                self.parts[its_id] = whole
            else:
                assert its_id in self.log, f"there is no #{its_id} to exchange: {whole[:200]}"
                self.log[its_id] = whole

    def _add(self, inner: str) -> None:
        for attributes, whole, _ in TopLevel(inner).found:
            its_id = attributes.get("id")
            assert its_id, f"without an id: {whole[:200]}"
            assert its_id not in self.log, f"#{its_id} stands there already"
            self.log[its_id] = whole


def _text(markup: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", markup).split()))
