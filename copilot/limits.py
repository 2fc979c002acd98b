"""How much one person may ask: so many questions a minute, each of a bearable length."""

import redis
from django.conf import settings

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, LimitReached, TooLarge, Unavailable
from iotsim.core.pace import seconds_to_wait
from iotsim.core.raw import clean
from iotsim.core.valkey import key_of
from iotsim.core.wording import counted


def check_text(text: str) -> str:
    """The question without surrounding space. Raises Invalid when empty, TooLarge when too long."""
    question = clean(text).strip()
    most = settings.COPILOT_MAX_MESSAGE_CHARS
    if not question:
        raise Invalid("Write a question or a task first.", field="text")
    if len(question) > most:
        raise TooLarge(f"The message has {len(question):,} characters; at most {most:,} are possible. Make it shorter.")
    return question


def count_question(actor: Actor) -> None:
    """Count a question of this person. Raises LimitReached with the seconds to wait, Unavailable without Valkey."""
    most = settings.COPILOT_QUESTIONS_PER_MINUTE
    try:
        wait = seconds_to_wait(key_of("copilot", "asked", actor.user_id), most)
    except redis.RedisError as error:
        raise Unavailable("The copilot cannot be reached now. Nothing was changed; try again in a moment.") from error
    if wait:
        raise LimitReached(
            f"You have asked {counted(most, 'question')} within a minute, which is the limit. "
            f"Ask again in {counted(wait, 'second')}.",
            retry_after=wait,
        )
