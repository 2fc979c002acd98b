"""The mask of one conversation: which placeholder stands for which value, both ways. Pure.

Numbers are given in the order in which values are met and never change within a conversation. Text in JSON is masked
value by value, so that escapes hide nothing and the model still reads JSON.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from copilot.masking import identifiers
from copilot.masking.identifiers import Span
from copilot.masking.names import Names, of_customers, of_people
from copilot.masking.placeholders import PLACEHOLDER, parts_of, safe_length, written

# Fields of results whose whole value is of a kind, by the name of the field.
FIELDS: Final = {
    "iccid": "ICCID", "eid": "EID", "imsi": "IMSI", "imei": "IMEI", "msisdn": "PHONE", "phone": "PHONE",
    "telephone": "PHONE", "email": "EMAIL", "ip": "IP", "ip_address": "IP", "address": "ADDRESS", "street": "ADDRESS",
    "customer": "CUSTOMER", "customer_name": "CUSTOMER", "customers": "CUSTOMER", "person": "PERSON",
    "assignee": "PERSON", "who": "PERSON", "requester": "PERSON", "decided_by": "PERSON", "approved_by": "PERSON",
    "marked_by": "PERSON", "member": "PERSON", "contact": "PERSON",
}  # fmt: skip
LABELS: Final = frozenset({"label", "labels", "sim_label", "sim_name", "device", "device_name"})
NAMED: Final = {"customer": "CUSTOMER", "customers": "CUSTOMER", "member": "PERSON", "members": "PERSON"}  # their name
LEARNED: Final = frozenset({"CUSTOMER", "PERSON", "LABEL", "ADDRESS"})
OPAQUE: Final = frozenset({"next_cursor"})  # may hold a value in a form that nobody reads; a model has no use for it
LONG: Final = 500
LEFT_OUT: Final = "[A picture was left out: it cannot be masked.]"


@dataclass
class Mask:
    """`values` maps kinds to what was masked, in the order of the numbers; `grew` says whether it has to be kept."""

    values: dict[str, list[str]] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    labels: bool = False
    grew: bool = False

    def __post_init__(self) -> None:
        self._done: dict[str, tuple[int, str]] = {}  # long texts, with how many names were known then
        self._numbers = {(kind, one): n for kind, all_ in self.values.items() for n, one in enumerate(all_, start=1)}
        for kind in LEARNED & set(self.values):
            for one in self.values[kind]:
                self.names.add(kind, one)

    # --- what leaves ---

    def messages(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The messages as they may leave; those given stay as they are.

        A name that is learned from a field may stand in a sentence before it, so then all are read once more.
        """
        known = len(self.names)
        hidden = [self._message(one) for one in messages]
        return hidden if len(self.names) == known else self.messages(messages)

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        hidden = {**message, "content": self._content(message.get("content"))}
        if message.get("tool_calls"):
            hidden["tool_calls"] = [self._called(one) for one in message["tool_calls"]]
        return hidden

    def _content(self, content: Any) -> Any:
        if isinstance(content, str):
            return self.any_text(content)
        return [self._part(one) for one in content] if isinstance(content, list) else content

    def _part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if part.get("type") != "text":
            return {"type": "text", "text": LEFT_OUT}
        return {**part, "text": self.any_text(part["text"])}

    def _called(self, call: Mapping[str, Any]) -> dict[str, Any]:
        function = call["function"]
        return {**call, "function": {**function, "arguments": self.any_text(function["arguments"])}}

    def any_text(self, text: str) -> str:
        """Prose, or JSON value by value. A conversation is masked anew with each step, so long texts are remembered."""
        known = len(self.names)
        if self._done.get(text, (-1, ""))[0] != known:
            hidden = self._any_text(text)
            if len(text) < LONG or len(self.names) != known:
                return hidden
            self._done[text] = (known, hidden)
        return self._done[text][1]

    def _any_text(self, text: str) -> str:
        """Objects in JSON by their values, also within prose, where their escapes are kept; the rest as it reads."""
        if text[:1] in ("{", "["):
            try:
                return json.dumps(self._value(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
            except ValueError:
                pass  # it only begins like JSON
        parts, place = [], 0
        for start, end, plain in _objects_in(text):
            hidden = json.dumps(self._value(plain), separators=(",", ":"))
            parts += [self.text(text[place:start]), hidden.replace("<", "\\u003c").replace(">", "\\u003e")]
            place = end
        return "".join([*parts, self.text(text[place:])])

    def _value(self, value: Any, name: str = "", parent: str = "") -> Any:
        if isinstance(value, dict):
            kept = {one: inner for one, inner in value.items() if one not in OPAQUE}
            return {self.text(one): self._value(inner, one, name or parent) for one, inner in kept.items()}
        if isinstance(value, list):
            return [self._value(one, name, parent) for one in value]
        if isinstance(value, str) and value:
            kind = self._kind_of(name, parent)
            return self._whole(kind, value) if kind else self.text(value)
        if isinstance(value, int) and not isinstance(value, bool) and (name in FIELDS or len(str(value)) >= 18):
            return self.text(str(value)) if len(str(value)) >= 10 else value
        return value

    def _kind_of(self, name: str, parent: str) -> str:
        if name in LABELS:
            return "LABEL" if self.labels else ""
        return NAMED.get(parent, "") if name == "name" else FIELDS.get(name, "")

    def _whole(self, kind: str, value: str) -> str:
        """A value whose field says what it is; a number that is short stays, as the ending that people say."""
        hidden = self.text(value)
        if hidden != value or (value.isdigit() and len(value) < 10):
            return hidden
        return self._put(kind, value)

    def text(self, text: str) -> str:
        """The text with placeholders in it."""
        parts, place = [], 0
        for one in self._spans(text):
            parts += [text[place : one.start], self._put(one.kind, one.value)]
            place = one.end
        return "".join([*parts, text[place:]])

    def _spans(self, text: str) -> list[Span]:
        """What is to be masked, from left to right; where two overlap, what was found first, then the longer."""
        found = [Span(*one.span(), "TEXT", one.group()) for one in PLACEHOLDER.finditer(text)]
        found += identifiers.find(text)
        found += [Span(start, end, name.kind, name.text) for start, end, name in self.names.find(text)]
        kept: list[Span] = []
        for one in found:
            if all(one.end <= other.start or other.end <= one.start for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda one: one.start)

    def _put(self, kind: str, value: str) -> str:
        number = self._numbers.get((kind, value))
        if number is None:
            self.values.setdefault(kind, []).append(value)
            number = self._numbers[kind, value] = len(self.values[kind])
            self.grew = True
            if kind in LEARNED:
                for _, name in _forms(kind, value):
                    self.names.add(kind, name)
        return written(kind, number)

    # --- what comes back ---

    def real(self, text: str) -> str:
        """The text with what its placeholders stand for; one that was never given stays as it is."""
        return PLACEHOLDER.sub(lambda found: self._behind(*parts_of(found)) or found.group(), text)

    def _behind(self, kind: str, number: int) -> str:
        known = self.values.get(kind, [])
        return known[number - 1] if 0 < number <= len(known) else ""

    def arguments(self, arguments: str) -> str:
        """A call's arguments with real values; what is no JSON stays as it is, and is refused by whoever reads it."""
        try:
            plain = json.loads(arguments)
        except ValueError:
            return arguments
        return json.dumps(self._real_value(plain), ensure_ascii=False)

    def _real_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.real(name): self._real_value(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._real_value(one) for one in value]
        return self.real(value) if isinstance(value, str) else value

    def stream(self) -> "Unmasking":
        return Unmasking(self)


def _objects_in(text: str) -> Iterator[tuple[int, int, Any]]:
    """(start, end, object) of each object in JSON within a text that is none as a whole."""
    place, decoder = text.find('{"'), json.JSONDecoder()
    while place >= 0:
        end = place + 1
        try:
            plain, end = decoder.raw_decode(text, place)
            yield place, end, plain
        except ValueError:
            pass  # a brace of prose
        place = text.find('{"', end)


def _forms(kind: str, value: str) -> list[tuple[str, str]]:
    if kind == "CUSTOMER":
        return list(of_customers([value]))
    return list(of_people([value])) if kind == "PERSON" else [(kind, value)]


@dataclass
class Unmasking:
    """A text that comes in pieces, with real values: what may be the beginning of a placeholder waits for the rest."""

    mask: Mask
    _held: str = ""

    def feed(self, text: str) -> str:
        self._held += text
        length = safe_length(self._held)
        ready, self._held = self._held[:length], self._held[length:]
        return self.mask.real(ready)

    def rest(self) -> str:
        """What was held back, when the text is over."""
        ready, self._held = self._held, ""
        return self.mask.real(ready)
