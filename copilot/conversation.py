"""What a conversation looks like after its events: a pure fold over AG-UI events, used by every reader.

Applying an event twice changes nothing: each has a number, and each piece of text says where it belongs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TABLE: Final = "table"
CHART: Final = "chart"
APPROVAL: Final = "approval"
JOB: Final = "job"
OFFERS: Final = "offers"
RESUMED: Final = "resumed"  # decisions were made, and the answer goes on
CHOICES: Final = "choices"
WIDGET: Final = "widget"

DONE_WORDS: Final = {
    "success": "Done",
    "interrupt": "Approval needed",
    "cancelled": "Stopped",
}


@dataclass
class Item:
    """One thing in the log. `kind`: said, answer, call, widgets, card, choices, error; `data` is its template's."""

    id: str
    kind: str
    run: str
    data: dict[str, Any] = field(default_factory=dict)
    first: int = 0  # the event that made it
    seq: int = 0  # the newest event that changed it


@dataclass
class Conversation:
    """The log, in order, and what is going on."""

    items: dict[str, Item] = field(default_factory=dict)
    seq: int = 0
    running: bool = False
    waits: bool = False  # asked, and not begun by any runner yet
    head: int | None = None  # the newest run that is in it
    first: int | None = None  # the oldest one; before it stand `earlier` others that were not read
    earlier: int = 0
    status: str = ""
    _run: str = ""

    def apply(self, seq: int, event: Mapping[str, Any]) -> None:
        """Take in an event. One already known, or its text in larger pieces, changes nothing."""
        if seq <= self.seq:
            return
        self.seq = seq
        handler = _HANDLERS.get(event["type"])
        if handler is not None:
            handler(self, event)

    def since(self, seq: int) -> list[Item]:
        """The items that changed after `seq`."""
        return [item for item in self.items.values() if item.seq > seq]

    def about(
        self,
        *,
        approval_ids: Collection[int] = (),
        event_ids: Collection[int] = (),
        run_ids: Collection[int] = (),
    ) -> list[Item]:
        """Cards of approvals and the words that they wait, the calls of audit events, the answers of runs."""
        return [
            one
            for one in self.items.values()
            if approvals_of(one) & set(approval_ids)
            or (one.data.get("undo_event") is not None and one.data["undo_event"] in event_ids)
            or (one.data.get("final") and one.run in {str(run) for run in run_ids})
        ]

    def _item(self, item_id: str, kind: str, /, **data: Any) -> Item:
        item = self.items.get(item_id)
        if item is None:
            item = self.items[item_id] = Item(item_id, kind, self._run, data, first=self.seq)
        item.seq = self.seq
        return item

    # --- the events, each by its own rule ---

    def _run_started(self, event: Mapping[str, Any]) -> None:
        self.head = int(event["runId"]) if event["runId"].isdecimal() else self.head
        self._run, self.running, self.status, self.waits = event["runId"], True, "Working", False

    def _run_finished(self, event: Mapping[str, Any]) -> None:
        self._finish_answer()
        kind = (event.get("outcome") or {}).get("type", "success")
        self.running, self.status = False, DONE_WORDS.get(kind, "Done")
        self._close_answers("Stopped" if kind == "cancelled" else "")

    def _run_error(self, event: Mapping[str, Any]) -> None:
        self._finish_answer()
        self.running, self.status = False, "Not answered"
        self._close_answers("")
        self._cancel_calls()
        self._item(f"error-{self._run or self.seq}", "error", sentence=event["message"])

    def _chunk(self, event: Mapping[str, Any]) -> None:
        """A whole message at once: what the person said."""
        if event.get("role") == "user":
            self._close_offers((event.get("metadata") or {}).get("offers", []))
            self.running, self.status, self.waits = True, "Working", True
            self._run = event["messageId"].removeprefix("u")
            self.head = int(self._run) if self._run.isdecimal() else self.head
            files = (event.get("metadata") or {}).get("attachments", [])
            self._item(event["messageId"], "said", text=event.get("delta", ""), attachments=files)
            self._choices_are_over()

    def _text_start(self, event: Mapping[str, Any]) -> None:
        told = event.get("metadata") or {}
        waits_for, model = told.get("approvals", []), told.get("model", "")
        self._item(event["messageId"], "answer", text="", writing=True, note="", approvals=waits_for, model=model)

    def _text_content(self, event: Mapping[str, Any]) -> None:
        data = self._item(event["messageId"], "answer", text="", writing=True, note="").data
        start = (event.get("metadata") or {}).get("offset", len(data["text"]))
        data["text"] = data["text"][:start] + event["delta"] + data["text"][start + len(event["delta"]) :]

    def _text_end(self, event: Mapping[str, Any]) -> None:
        self._item(event["messageId"], "answer", text="", note="").data["writing"] = False

    def _call_start(self, event: Mapping[str, Any]) -> None:
        name = event["toolCallName"]
        title = (event.get("metadata") or {}).get("title") or name.replace("_", " ").capitalize()
        self.status = title
        self._item(event["toolCallId"], "call", name=name, title=title, arguments="", state="executing")

    def _call_args(self, event: Mapping[str, Any]) -> None:
        self._item(event["toolCallId"], "call").data["arguments"] += event["delta"]

    def _call_result(self, event: Mapping[str, Any]) -> None:
        facts = event.get("metadata") or {}
        item = self._item(event["toolCallId"], "call", name="", title="", arguments="")
        item.data.update(result=event["content"], **facts)

    def _custom(self, event: Mapping[str, Any]) -> None:
        value = event["value"]
        if event["name"] == TABLE:
            self._item(f"table-{value['id']}", "table", **value)
        elif event["name"] == CHART:
            self._item(f"chart-{value['id']}", "chart", **value)
        elif event["name"] == WIDGET:
            self._item(f"widget-{value['id']}", "widget", **value)
        elif event["name"] == APPROVAL:
            self._item(f"approval-card-{value['id']}", "card", **value)
        elif event["name"] == JOB:
            self._item(f"job-{value['id']}", "job", **value)
        elif event["name"] == OFFERS:
            self._item(f"offers-{value['id']}", "offers", items=value["items"], open=True, taken=[])
        elif event["name"] == RESUMED:
            self.running, self.status, self.waits = True, "Working", True
        elif event["name"] == CHOICES:
            self._item(f"choices-{value['id']}", "choices", **value)

    def _close_offers(self, taken: list[int]) -> None:
        """The next question takes an offer, declines it, or leaves it behind."""
        for item in self.items.values():
            if item.kind == "offers" and item.data["open"]:
                item.data.update(open=False, taken=taken)
                item.seq = self.seq

    def _finish_answer(self) -> None:
        """The last words of the run: what can be done with its answer stands below them."""
        ours = [one for one in self.items.values() if one.kind == "answer" and one.run == self._run]
        if ours:
            ours[-1].data["final"], ours[-1].seq = True, self.seq

    def _close_answers(self, note: str) -> None:
        for item in self.items.values():
            if item.kind == "answer" and item.data.get("writing"):
                item.data.update(writing=False, note=note)
                item.seq = self.seq

    def _choices_are_over(self) -> None:
        """What was to choose from goes with the next question."""
        for item in self.items.values():
            if item.kind == "choices" and not item.data.get("answered"):
                item.data["answered"], item.seq = True, self.seq

    def _cancel_calls(self) -> None:
        for item in self.items.values():
            if item.kind == "call" and item.run == self._run and item.data.get("state") == "executing":
                item.data["state"] = "cancelled"
                item.seq = self.seq


_HANDLERS: Final = {
    "RUN_STARTED": Conversation._run_started,
    "RUN_FINISHED": Conversation._run_finished,
    "RUN_ERROR": Conversation._run_error,
    "TEXT_MESSAGE_CHUNK": Conversation._chunk,
    "TEXT_MESSAGE_START": Conversation._text_start,
    "TEXT_MESSAGE_CONTENT": Conversation._text_content,
    "TEXT_MESSAGE_END": Conversation._text_end,
    "TOOL_CALL_START": Conversation._call_start,
    "TOOL_CALL_ARGS": Conversation._call_args,
    "TOOL_CALL_RESULT": Conversation._call_result,
    "CUSTOM": Conversation._custom,
}


def approvals_of(item: Item) -> set[int]:
    """The approvals that an item shows or speaks of."""
    if item.kind == "card":
        return {item.data["id"]}
    return set(item.data.get("approvals", ())) if item.kind == "answer" else set()


def fold(events: Iterable[tuple[int, Mapping[str, Any]]]) -> Conversation:
    """The conversation after these (seq, event) pairs, in their order."""
    conversation = Conversation()
    for seq, event in events:
        conversation.apply(seq, event)
    return conversation
