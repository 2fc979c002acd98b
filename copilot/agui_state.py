"""The state that an AG-UI client shares with a run: a fold over the run's events, told as JSON Patch. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from copilot.agui_input import OURS
from copilot.conversation import APPROVAL

Json = dict[str, Any]

ENDED: Final = {"success": "done", "interrupt": "waiting", "cancelled": "stopped"}


class SharedState:
    """`value` is the whole state: ours under "iotsim", beside it what the program itself keeps there, untouched."""

    def __init__(self, own: Mapping[str, Any], *, thread: int, title: str, run: int) -> None:
        self._ours: Json = {
            "thread": {"id": thread, "title": title},
            "run": {"id": run, "status": "queued"},
            "doing": "",
            "calls": [],
            "approvals": [],
            "usage": {"inputTokens": 0, "outputTokens": 0, "cost": None},
        }
        self.value: Json = {**own, OURS: self._ours}

    def after(self, event: Mapping[str, Any], *, cost: float | None = None) -> list[Json]:
        """Take in an event; the changes as operations of RFC 6902."""
        match event["type"]:
            case "RUN_STARTED":
                return self._set("run/status", "running")
            case "TOOL_CALL_START":
                return self._called(event)
            case "TOOL_CALL_RESULT":
                return self._settled(event)
            case "CUSTOM" if event["name"] == APPROVAL:
                return self._asked(event["value"])
            case "RUN_FINISHED":
                kind = (event.get("outcome") or {}).get("type", "success")
                return self._ended(event, ENDED.get(kind, "done"), cost)
            case "RUN_ERROR":
                return self._ended(event, "failed", cost)
        return []

    def _called(self, event: Mapping[str, Any]) -> list[Json]:
        title = (event.get("metadata") or {}).get("title") or event["toolCallName"]
        call = {"id": event["toolCallId"], "name": event["toolCallName"], "title": title, "state": "executing"}
        return [*self._add("calls", call), *self._set("doing", title)]

    def _settled(self, event: Mapping[str, Any]) -> list[Json]:
        state = (event.get("metadata") or {}).get("state", "done")
        changes = self._set("doing", "")
        for number, call in enumerate(self._ours["calls"]):
            if call["id"] == event["toolCallId"]:
                changes += self._set(f"calls/{number}/state", state)
        return changes

    def _asked(self, approval: Mapping[str, Any]) -> list[Json]:
        kept = {name: approval.get(name) for name in ("id", "service", "title", "sentence", "state", "expires_at")}
        for number, known in enumerate(self._ours["approvals"]):
            if known["id"] == approval["id"]:
                return self._set(f"approvals/{number}", kept)
        return self._add("approvals", kept)

    def _ended(self, event: Mapping[str, Any], status: str, cost: float | None) -> list[Json]:
        used = event.get("usage") or []
        usage = {
            "inputTokens": sum(one.get("inputTokens") or 0 for one in used),
            "outputTokens": sum(one.get("outputTokens") or 0 for one in used),
            "cost": cost,
        }
        return [*self._set("run/status", status), *self._set("doing", ""), *self._set("usage", usage)]

    def _set(self, path: str, value: Any) -> list[Json]:
        """Replace what stands at the path; nothing when it is so already."""
        *parents, last = path.split("/")
        place: Any = self._ours
        for part in parents:
            place = place[int(part) if isinstance(place, list) else part]
        key: Any = int(last) if isinstance(place, list) else last
        if place[key] == value:
            return []
        place[key] = value
        return [{"op": "replace", "path": f"/{OURS}/{path}", "value": value}]

    def _add(self, path: str, value: Json) -> list[Json]:
        self._ours[path].append(value)
        return [{"op": "add", "path": f"/{OURS}/{path}/-", "value": value}]
