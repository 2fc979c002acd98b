"""Finding conversations by their title and by what was said in them, with the place."""

import re
from collections.abc import Sequence
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from copilot.models import RunText, Thread
from copilot.schemas.conversations import Place

MOST_WORDS: Final = 8
MOST_PLACES: Final = 200  # that are looked at, the newest
PLACES_EACH: Final = 3
AROUND: Final = 60  # characters of text on each side of what was found


def words_of(text: str) -> list[str]:
    """What is looked for: each word, and what stands in quotation marks as it is; the longest first."""
    found = [quoted or word for quoted, word in re.findall(r'"([^"]+)"|(\S+)', text.lower())]
    return sorted(dict.fromkeys(found[:MOST_WORDS]), key=len, reverse=True)


def titled(rows: "QuerySet[Thread]", words: Sequence[str]) -> "QuerySet[Thread]":
    """The conversations with all of the words in their title."""
    wanted = Q()
    for word in words:
        wanted &= Q(title__icontains=word)
    return rows.filter(wanted)


def runs_that_say(user_id: int, words: Sequence[str]) -> list[tuple[int, int]]:
    """(conversation, run) of the newest runs with all of the words, one's own and shared ones; inside the tenant's
    transaction. By the owner's function, which alone reaches the index behind the wall."""
    patterns = [_pattern(word) for word in words]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread_id, run_id FROM copilot_said(%s, %s, %s, %s)", [user_id, patterns[0], patterns, MOST_PLACES]
        )
        return list(cursor.fetchall())


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def places_in(runs: Sequence[tuple[int, int]], words: Sequence[str]) -> dict[int, list[Place]]:
    """What stands around the words, by conversation; the newest first."""
    by_thread: dict[int, list[int]] = {}
    for thread_id, run_id in runs:
        if len(by_thread.setdefault(thread_id, [])) < PLACES_EACH:
            by_thread[thread_id].append(run_id)
    wanted = [run_id for some in by_thread.values() for run_id in some]
    texts = dict(RunText.objects.filter(run_id__in=wanted).values_list("run_id", "text"))
    return {
        thread_id: [place_of(texts[run_id], words, run_id=run_id) for run_id in some if run_id in texts]
        for thread_id, some in by_thread.items()
    }


def place_of(text: str, words: Sequence[str], *, run_id: int | None = None) -> Place:
    """The first of the words with what stands around it, on one line."""
    line = " ".join(text.split())
    pattern = "|".join(re.escape(" ".join(word.split())) for word in words)
    match = re.search(pattern, line, re.IGNORECASE)
    start, end = match.span() if match else (0, 0)
    left, right = max(0, start - AROUND), min(len(line), end + AROUND)
    before = ("... " if left else "") + line[left:start]
    after = line[end:right] + (" ..." if right < len(line) else "")
    return Place(run=run_id, text=before + line[start:end] + after, before=before, found=line[start:end], after=after)
