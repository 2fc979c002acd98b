"""Pictures in messages to a model: how they are written, and about how many tokens they are. Pure."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

# What a picture of 1568 points a side takes at most, by the providers' own counts; one model counts far more.
MOST_TOKENS: Final = 4_000
MORE_TOKENS: Final = {"gpt-4o-mini": 50_000}
PICTURE: Final = "[picture]"


def part(jpeg: bytes) -> dict[str, Any]:
    """A JPEG as a part of a message's content, as OpenAI writes it."""
    data = base64.b64encode(jpeg).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}", "detail": "high"}}


def without(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with a word in place of each picture."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    told = [one["text"] if one.get("type") == "text" else PICTURE for one in content]
    return {**message, "content": " ".join(told)}


def tokens_of(messages: Sequence[Mapping[str, Any]], models: Sequence[str]) -> int:
    """About how many tokens their pictures are, rather too many, whichever of the models looks at them."""
    contents = [one["content"] for one in messages if isinstance(one.get("content"), list)]
    count = sum(1 for content in contents for one in content if one.get("type") == "image_url")
    return count * max((MORE_TOKENS.get(one.rpartition("/")[2], MOST_TOKENS) for one in models), default=MOST_TOKENS)
