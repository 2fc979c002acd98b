"""What a SIM or a customer shall be called, and what a SIM is put into, as people say it: "rename X to Y"."""

import re
from typing import Final

from iotsim.core.slots import Found, Slot, SlotContext

_QUOTED: Final = r"[\"“'](?P<q{n}>[^\"”']{{1,120}})[\"”']"
_NO_NAME: Final = (
    r"(?:the|a|an|it|its|this|that|something|now|please|what|customer|plan|active|inactive|instead|from|as|again|back|"
    r"today|tomorrow|or|and|to)\b"
)
_WORD: Final = rf"(?P<w{{n}}>(?!{_NO_NAME})[\w][\w./#-]*)"
_SIM: Final = r"(?:(?:the\s+|our\s+|my\s+)?(?:sims?|cards?|lines?)\s+(?:ending\s+(?:in\s+)?|called\s+|named\s+)?)?\S*\w"
_OTHERS: Final = (
    r"(?!(?:our\s+|the\s+|this\s+)*(?:organi[sz]ation|company|plan|tariff|customer|client|rule|report|widget|"
    r"conversation|chat|us|account|tag)\b)"
)
_NAME: Final = r"(?:name|label)"
_END: Final = r"(?=\s*(?:$|[.,;!?]|\bplease\b|\bfrom\s+now\b|\bnow\b|\binstead\b|\band\b|\bbecause\b|\bfor\s+me\b))"
_SHAPES: Final = (
    # rename X to Y, relabel X as Y, label X as Y, call X Y ("in", "how": other languages, word by word)
    rf"\b(?:rename|relabel|re-name|re-label)\s+(?:of\s+)?{_OTHERS}{_SIM}\s+(?:to|as|into|in|how|=>|->|→)\s+{{value}}",
    rf"\b(?:rename|relabel|re-name|re-label)\s+{_OTHERS}{_SIM}\s*(?:,|:|=>|->|→)\s*{{value}}",
    rf"\b(?:label|name)\s+{_OTHERS}{_SIM}\s+as\s+{{labelled}}",
    rf"(?<!the\s)(?<!a\s)(?<!new\s)\b(?:call|name)\s+{_OTHERS}(?:(?:the\s+)?(?:sim|card)\s+(?:ending\s+(?:in\s+|with\s+)?)?)?\S*\d\S*\s+{{value}}",
    # change the label of X to Y, set X's name to Y, give X the name Y
    rf"\b(?:change|set|switch|update|edit|correct|make|alter|fix)\s+[^.?!]*?\b{_NAME}\b[^.?!]*?\s+(?:to|be|as|into|in)\s+{{value}}",
    rf"\bgive\s+[^.?!]*?\b(?:the|a)\s+(?:new\s+)?{_NAME}\s+(?:of\s+)?{{value}}",
    rf"\bput\s+{{value}}\s+as\s+(?:the\s+|a\s+)?(?:new\s+)?{_NAME}\b",
    # X should be called Y, X is now called Y, X's new name is Y
    r"\b(?:should|must|shall|can|needs\s+to|has\s+to|will|is\s+to|ought\s+to|\S+\s+to)\s+(?:now\s+|really\s+)?(?:be|get)\s+"
    r"(?:called|named|renamed|labelled|labeled|relabelled|relabeled)\s+(?:to\s+|as\s+|into\s+)?{value}",
    r"\b(?:goes|go)\s+by\s+(?:the\s+name\s+(?:of\s+)?)?{value}",
    r"\b(?:is|goes)\s+(?:now\s+|from\s+now\s+on\s+)(?:called|named|by\s+the\s+name\s+of)\s+{value}",
    rf"\bnew\s+{_NAME}\s+(?:for|of)\s+\S+\s*(?:is|:|=|shall\s+be|should\s+be)\s+{{value}}",
)
_BARE_LABEL: Final = r"(?P<w{n}>(?!(?:the|a|an)\b)[A-Za-z][\w./#]*-\d[\w-]*)"
_DEVICES: Final = (
    r"\b(?:device|machine)\s+(?:of|for|on)\s+[^.?!]*?\s+(?:to|is|:|=|into)\s+(?:now\s+)?{value}",
    r"\b(?:is|sits|goes|was\s+(?:moved|put|built)|has\s+(?:moved|gone))\s+(?:now\s+)?(?:in|into|inside)\s+(?:the\s+)?"
    r"(?:device|machine)\s+{value}",
    r"\b(?:put|move|set|assign|attach|link)\s+[^.?!]*?\s(?:in|into|to|inside|with)\s+(?:the\s+)?(?:device|machine)\s+{value}",
)


_CUSTOMER: Final = r"(?:customer|client|account)s?"
# Several words, so only what is quoted or begins with a capital letter.
_PROPER: Final = rf"(?:{_QUOTED.format(n=1)}|(?P<w1>(?-i:[A-Z])[^.?!,;:\"“”]{{0,119}}?))"
_LAST: Final = r"(?=\s*(?:$|[.,;!?]|\bplease\b|\bfrom\s+now\b|\bnow\b|\binstead\b|\bbecause\b|\bfor\s+me\b))"
_AS_CUSTOMER: Final = [
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"\b(?:create|add|register|open|set\s+up|make|new)\s+(?:(?:a|an|the|another|new)\s+)*{_CUSTOMER}\s*(?:new\s+)?"
        rf"(?:(?:called|named|made|by\s+the\s+name\s+of|with\s+the\s+name)\s+|[:,]\s*)?{_PROPER}{_LAST}",
        rf"\b(?:create|add|register|set\s+up)\s+{_PROPER}\s+as\s+(?:a|our|an?other)\s+(?:new\s+)?{_CUSTOMER}\b",
        rf"\b(?:rename|relabel)\s+(?:of\s+)?(?:the\s+|our\s+)?{_CUSTOMER}\s+[^.?!]*?\s+(?:to|as|into|in)\s+"
        rf"{_PROPER}{_LAST}",
        rf"\bchange\s+[^.?!]*?\bname\s+of\s+(?:the\s+|our\s+)?{_CUSTOMER}\s+[^.?!]*?\s+(?:to|into|in)\s+"
        rf"{_PROPER}{_LAST}",
    )
]


def _compiled(shapes: tuple[str, ...]) -> list[re.Pattern[str]]:
    """Each shape with the value quoted, or as one word at the end of its clause."""
    either = rf"(?:{_QUOTED.format(n=1)}|{_WORD.format(n=1)}{_END})"
    labelled = rf"(?:{_QUOTED.format(n=1)}|{_BARE_LABEL.format(n=1)}{_END})"
    return [re.compile(one.replace("{value}", either).replace("{labelled}", labelled), re.IGNORECASE) for one in shapes]


_LABELS: Final = _compiled(_SHAPES)
_INTO: Final = _compiled(_DEVICES)


def _first(patterns: list[re.Pattern[str]], text: str) -> list[Found]:
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            group = "q1" if match["q1"] else "w1"
            return [Found(*match.span(group), match[group].strip(), match[group], 1.4)]
    return []


def find_new_label(text: str, context: SlotContext) -> list[Found]:
    """What a SIM shall be called: "rename truck-17 to van-3", "3456 should be called pump-2"."""
    return _first(_LABELS, text)


def find_new_device(text: str, context: SlotContext) -> list[Found]:
    """The device that a SIM is put into, where it is named as one: "put 3456 into the device gateway-2"."""
    return _first(_INTO, text)


def find_new_customer(text: str, context: SlotContext) -> list[Found]:
    """The name of a customer to be: "add a customer called Globex", "rename the customer Acme to Globex"."""
    return _first(_AS_CUSTOMER, text)


NEW_LABEL: Final = Slot("new_label", find_new_label, mask="van-3", noun="the new label")
NEW_DEVICE: Final = Slot("new_device", find_new_device, mask="gateway-2", noun="the device")
NEW_CUSTOMER: Final = Slot("new_customer", find_new_customer, mask="Globex", noun="the name")
