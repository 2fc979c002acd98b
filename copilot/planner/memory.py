"""What the conversation has been about: the last call and its result, for "it", "them" and "what about ..."."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from copilot.planner.reading import Filled, Parameter, parameters_of
from iotsim.core.slots import Source

_ONE: Final = re.compile(
    r"\b(?:it|its|itself|that\s+(?:one|sim|card|line|device)|this(?:\s+(?:one|sim|card|line|"
    r"device))?|the\s+(?:sim|card|same|same\s+(?:one|sim|card))|"
    r"same\s+(?:one|sim|card)|him|that)\b(?!\s+(?:used|use|are|is|have|has|exceed))",
    re.IGNORECASE,
)
_MANY: Final = re.compile(
    r"\b(?:them|they|these|those|their|both|all\s+of\s+(?:them|those|these)|the\s+lot|ones)\b", re.IGNORECASE
)
_ELLIPTIC: Final = re.compile(
    r"^\W*(?:(?:ok|okay|and|now|then|so|but|also|hmm|right)\W+)*"
    r"(?:(?:what|how)\s+about|how\s+much\s+of\s+(?:that|this|it|those)|and\b(?!\s+(?:suspend|activate))|only|just|same\s+(?:for|with|but)|"
    r"the\s+same|but|also|instead|except|not|make\s+(?:it|that)|"
    r"for|in|on|over|under|above|below|since|between|with|of|those|the|last|past|this|yesterday|"
    r"today|top|narrow|filter|restrict|limit|sort|sorted|order)\b",
    re.IGNORECASE,
)


@dataclass
class Memory:
    """The last call of the conversation, and the items it brought back."""

    last_call: dict[str, Any] | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    results: list[tuple[dict[str, Any], Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # by the person, oldest first
    coming: Sequence[Any] = ()  # the calls that the same sentence makes before (Call)
    language: str = "en"  # of the sentence that is being read
    text: str = ""  # that sentence as it was said
    settled: str = ""  # the service that was chosen when asked back
    is_part: bool = False  # one of several requests of a sentence is being read
    picked: bool = False  # the items were chosen on the page, one by one

    @classmethod
    def of(cls, messages: Sequence[Mapping[str, Any]]) -> "Memory":
        """From OpenAI-style messages: assistant tool calls and the tool messages that answer them."""
        results = calls_with_results(messages)
        memory = cls(results=results, said=[str(one["content"]) for one in messages if one.get("role") == "user"])
        for call, result in results:
            memory.last_call = call
            memory.items = items_of(result) or memory.items
        return memory

    def value_for(self, parameter: Parameter, text: str) -> Any:
        """The value that "it" or "them" stands for, or None."""
        if parameter.many and _MANY.search(text):
            return self._many(parameter)
        if not parameter.many and _MANY.search(text) and not parameter.required:
            return self._many(parameter)
        return self._one(parameter) if _ONE.search(text) or _MANY.search(text) else None

    def _many(self, parameter: Parameter) -> list[Any] | None:
        source = parameter.slot.source
        if source is None or not self._brought(source):
            return None
        return [item[source.field] for item in self.items if source.field in item] or None

    def _brought(self, source: Source) -> bool:
        """Whether the items may be told by that field: any may be SIMs by their ICCID, a name is of its own list."""
        return source.field not in ("name", "id") or (self.last_call or {}).get("name") == source.service

    def _one(self, parameter: Parameter) -> Any:
        """A value of the same name in the last calls, newest first; else the first item that was shown."""
        for call, result in reversed(self.results):
            for name in (parameter.name, parameter.name.rstrip("s")):
                if name in call["arguments"]:
                    value = call["arguments"][name]
                    return [value] if parameter.many and not isinstance(value, list) else value
            source = parameter.slot.source
            items = items_of(result)
            if source and items and source.field in items[0]:
                return [items[0][source.field]] if parameter.many else items[0][source.field]
        return None

    def filters_for(self, filled: Filled, text: str) -> dict[str, Any]:
        """The filters of the last call, when a tool that takes the same ones is told to act on "them"."""
        if not _MANY.search(text):
            return {}
        listed = self._listed(filled)
        if listed or self.last_call is None:
            return listed
        names = set(parameters_of(filled.tool)) - {"sort", "limit"}
        shared = {k: v for k, v in self.last_call["arguments"].items() if k in names and k not in filled.arguments}
        return {} if "sims" in filled.arguments else shared

    def _listed(self, filled: Filled) -> dict[str, Any]:
        """The things themselves where no filter would find exactly them: chosen by hand, or the first so many."""
        last = self.last_call["arguments"] if self.last_call else {}
        if not self.picked and "limit" not in last:
            return {}
        for name, one in parameters_of(filled.tool).items():
            values = self._many(one) if one.many and name not in filled.arguments else None
            if values:
                return {name: values}
        return {}

    def speaks_of_one(self, text: str) -> bool:
        return bool(_ONE.search(text))

    def speaks_of_many(self, text: str) -> bool:
        return bool(_MANY.search(text))

    def is_elliptic(self, text: str) -> bool:
        """Whether a sentence goes on from the last one instead of standing by itself."""
        return self.goes_on(text) or len(text.split()) <= 3

    def goes_on(self, text: str) -> bool:
        """Whether its first words say so: "what about ...", "only ...", "and ..."."""
        return bool(_ELLIPTIC.search(text))


def items_of(result: Any) -> list[dict[str, Any]]:
    """The items of a result: its `items`, or the result itself as the only one."""
    if not isinstance(result, dict):
        return []
    items = result.get("items")
    if isinstance(items, list):
        return [item for item in items if isinstance(item, dict)]
    return [result] if len(result) > 2 else []


def calls_with_results(messages: Sequence[Mapping[str, Any]]) -> list[tuple[dict[str, Any], Any]]:
    """Each tool call of the messages as {"name", "arguments"}, with its result read from JSON (None when missing)."""
    answers = {m.get("tool_call_id"): parse_json(m.get("content")) for m in messages if m.get("role") == "tool"}
    pairs = []
    for message in messages:
        for call in message.get("tool_calls") or []:
            function = call.get("function", call)
            arguments = function.get("arguments") or {}
            arguments = parse_json(arguments) if isinstance(arguments, str) else arguments
            pairs.append(({"name": function["name"], "arguments": arguments or {}}, answers.get(call.get("id"))))
    return pairs


def parse_json(text: Any) -> Any:
    """JSON out of a message's content, or the text itself when it is none."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
