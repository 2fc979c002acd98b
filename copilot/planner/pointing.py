"""What "this", "these" and "the selected ones" point at: the page that the person has before them.

An explicit selection wins over the object that the page shows; "it" and "them" mean the conversation first, and the
page only where nothing was spoken of yet.
"""

import re
from dataclasses import replace
from typing import Any, Final

from copilot.planner.memory import Memory
from iotsim.core.slots import SlotContext

_SELECTED: Final = re.compile(
    r"\b(?:the\s+)?(?:selected|chosen|marked|highlighted|ticked|checked)\s+(?:ones|sims?|cards?|lines?|rows?|devices?)\b|"
    r"\bmy\s+selection\b|\bthe\s+selection\b|\bwhat\s+i\s+(?:have\s+)?selected\b",
    re.IGNORECASE,
)
_THESE: Final = re.compile(
    r"\b(?:these|those)(?:\s+(?:sims?|cards?|ones|lines|devices))?\b(?!\s+(?!as\b)\w+s\b)", re.IGNORECASE
)
_THEM: Final = re.compile(r"\b(?:them|they|all\s+of\s+(?:them|these|those))\b", re.IGNORECASE)
_OWNED: Final = re.compile(
    r"\b(?P<all>(?:all|each|every\s+one)\s+(?:of\s+)?)?(?:its|their|his|her)\s+(?:sims?|cards?|lines?)\b", re.IGNORECASE
)
_OWNS: Final = re.compile(r"\b(?:it|they)\b(?=\s+(?:has|have|owns?)\b)", re.IGNORECASE)
_OWNERS: Final = ("customer", "plan")
_NOUNS: Final = {
    "sim": r"sim|card|line|device|one", "customer": r"customer|client|account", "plan": r"plan|tariff",
    "alert": r"alert|alarm|warning", "anomaly": r"anomaly", "import": r"import|file", "report": r"report|export",
    "model": r"model",
}  # fmt: skip
_THIS_ALONE: Final = re.compile(
    r"\bthis\b(?=\s*(?:one\b)?\s*(?:[?.!,]|$|so\b|high\b|low\b|is\b|now\b|please\b|with\b|for\b|until\b|to\b))", re.I
)
_UPLOAD: Final = re.compile(
    r"\b(?:this|the|my)\s+(?:attached\s+)?(?:file|upload|attachment|list|csv|sheet|spreadsheet)\b|\bthe\s+attachment\b",
    re.I,
)
_IN_FILE: Final = re.compile(
    r"\b(?:all\s+)?(?:the\s+)?(?:attached\s+(?:sims?|cards?|ones)|"
    r"(?:sims?|cards?|ones|everything|all)\s+(?:in|of|from|on)\s+(?:the|this|my)\s+(?:attached\s+)?"
    r"(?:file|attachment|list|csv|sheet|spreadsheet))\b",
    re.IGNORECASE,
)


def spoken_of(english: str, *, many: bool) -> str:
    """A translated sentence whose "they" stands for one thing or for several ("sperre sie", "suspends-les")."""
    word = "them" if many else "it"
    return re.sub(r"\bthey\b|\bthe(?=\s*(?:please\s*)?[.!?]*$)", word, english, flags=re.IGNORECASE)


def pointed(text: str, context: SlotContext, memory: Memory) -> tuple[str, Memory]:
    """The sentence with what it points at put in by name, and a memory that holds what was chosen on the page."""
    page = getattr(context, "context", None)
    if page is None or getattr(page, "is_empty", True):
        return _of_its_owner(text, memory, None), memory
    text = _of_its_owner(text, memory, page)
    named = any(one.reference for one in page.attached)
    text = _upload(_IN_FILE.sub("these SIMs", text) if named else text, page)
    selected = list(page.sims)
    wants = _SELECTED.search(text) or _THESE.search(text) or (_THEM.search(text) and memory.last_call is None)
    if wants and selected and page.are_many:
        text = _SELECTED.sub("these SIMs", text)
        return text, replace(
            memory, items=[{"iccid": one} for one in selected], last_call=None, picked=True, results=[]
        )
    if wants and (page.everything or not selected) and page.filters:
        text = _SELECTED.sub("these SIMs", text)
        call = {"name": "", "arguments": dict(page.filters)}
        return text, replace(memory, items=[], last_call=call, results=[])
    if wants and selected:
        text = _SELECTED.sub("this SIM", _THESE.sub("this SIM", text))
    return _one(text, page, memory), memory


def _of_its_owner(text: str, memory: Memory, page: Any) -> str:
    """ "its SIMs" with the customer or plan that was spoken of, else that of the page.

    Where there is neither, "all its SIMs" are not all SIMs.
    """
    owner = _owner_spoken_of(memory) if memory.last_call else _owner_shown(page)
    if not owner:
        return _OWNED.sub(lambda match: match[0].removeprefix(match["all"] or ""), text)

    def named(match: re.Match[str]) -> str:
        some = re.search(r"\b(?:of|many|much)\s*$", text[: match.start()], re.IGNORECASE)
        return f"{'the' if some else 'all'} SIMs of {owner}"

    return _OWNS.sub(owner, _OWNED.sub(named, text))


def _owner_spoken_of(memory: Memory) -> str:
    arguments = (memory.last_call or {}).get("arguments", {})
    return next((_as_said(one, arguments[one]) for one in _OWNERS if isinstance(arguments.get(one), str)), "")


def _owner_shown(page: Any) -> str:
    return next((_as_said(one, name) for one in _OWNERS if page and (name := _name(page, one))), "")


def _one(text: str, page: Any, memory: Memory) -> str:
    """ "this customer", "this SIM", "this" by the name of what the page shows; "it" where nothing was spoken of."""
    for kind, nouns in _NOUNS.items():
        name = _name(page, kind)
        if name:
            text = re.sub(rf"\bthis\s+(?:{nouns})\b", _as_said(kind, name), text, flags=re.IGNORECASE)
    kind = "sim" if page.sim else (page.subject.kind if page.subject else "")
    name = _name(page, kind)
    if not name:
        return text
    text = _THIS_ALONE.sub(_as_said(kind, name), text, count=1)
    if memory.last_call is None and re.search(r"\bit\b", text, re.IGNORECASE) and name not in text:
        text = re.sub(r"\bit\b", _as_said(kind, name), text, count=1, flags=re.IGNORECASE)
    return text


def _name(page: Any, kind: str) -> str:
    if kind == "sim":
        return str(page.sim or "")
    subject = page.subject
    if subject is None or subject.kind != kind:
        return ""
    return str(subject.name or subject.id)


def _as_said(kind: str, name: str) -> str:
    noun = {"sim": "SIM", "import": "import"}.get(kind, kind)
    if kind in ("customer", "plan"):
        return f'the {noun} "{name}"'.replace("\\", "")
    return f"{name} model" if kind == "model" else f"{noun} {name}"


def _upload(text: str, page: Any) -> str:
    """ "import this file" names the number of the file that came with the question."""
    numbers = [one.upload_id for one in getattr(page, "attached", ()) if one.upload_id is not None]
    return _UPLOAD.sub(f"upload {numbers[-1]}", text, count=1) if numbers else text
