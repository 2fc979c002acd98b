"""What a socket may say, validated; anything else is answered with a sentence."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from iotsim.core.errors import Invalid, TooLarge
from iotsim.core.page_context import PageContext
from iotsim.core.wording import counted

MOST_BYTES: Final = 64_000


def _number(value: Any) -> Any:
    return None if value == "" else value


Number = Annotated[int | None, BeforeValidator(_number)]
PositiveNumber = Annotated[int, Field(gt=0, lt=2**63)]


class Open(BaseModel):
    """Show a conversation; `seq` is the newest event that the page has. Without `thread`: the one opened last."""

    type: Literal["open"]
    thread: Number = Field(default=None, gt=0, lt=2**63)
    seq: Annotated[int | None, BeforeValidator(_number)] = None
    head: Number = Field(default=None, gt=0, lt=2**63, description="The newest run that the page has")
    first: Number = Field(default=None, gt=0, lt=2**63, description="The oldest run that the page has")
    run: Number = Field(default=None, gt=0, lt=2**63, description="A run to be shown, in whatever branch it is")
    page: str = Field(default="", max_length=2000)


class New(BaseModel):
    type: Literal["new"]


class Threads(BaseModel):
    type: Literal["threads"]


class Ask(BaseModel):
    type: Literal["ask"]
    text: str = Field(max_length=MOST_BYTES)
    instead_of: Number = Field(default=None, gt=0, lt=2**63, description="The run whose question was edited")
    context: Annotated[PageContext, BeforeValidator(PageContext.said)] = Field(default_factory=PageContext)
    offer: Number = Field(default=None, gt=0, lt=2**63)


class Again(BaseModel):
    """Answer a question anew. `knowing`: the person has read that what the old answer changed stays changed."""

    type: Literal["again"]
    run: PositiveNumber
    knowing: bool = False


class Earlier(BaseModel):
    """Show what was said before."""

    type: Literal["earlier"]


class Look(BaseModel):
    """The page beside the sidebar is another one now."""

    type: Literal["look"]
    page: str = Field(max_length=2000)


class Stop(BaseModel):
    type: Literal["stop"]


class Decide(BaseModel):
    type: Literal["decide"]
    approval: PositiveNumber
    decision: Literal["approve", "reject"]
    reason: str = Field(default="", max_length=500)


Said = Open | New | Threads | Ask | Again | Earlier | Look | Stop | Decide
_said: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])


def read(text: str | None, data: bytes | None) -> Said:
    """The message. Raises TooLarge or Invalid with a sentence for the person."""
    size = len(text.encode()) if text is not None else len(data or b"")
    if size > MOST_BYTES:
        raise TooLarge(f"The message has {size:,} bytes; at most {counted(MOST_BYTES, 'byte')} are possible.")
    if text is None:
        raise Invalid("The copilot reads text, and this was none.")
    try:
        return _said.validate_python(json.loads(text))
    except ValidationError as error:
        raise Invalid("The copilot did not understand this message. Reload the page and try again.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid("The copilot reads JSON, and this was none.") from error
