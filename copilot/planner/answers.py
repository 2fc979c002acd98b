"""Sentences about results: what came of a call, its first rows with links, how fresh it is, what is next.

The figures are the services' own. In German, French and Spanish the main services are summed up by templates
(data/answers.json); where there is none, the English sentence is given and said to be English. No language model.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from copilot.planner.memory import items_of
from copilot.planner.phrases import phrase
from copilot.tables import LINKS
from iotsim.core.wording import money, size

_NAMES: Final = ("label", "sim_name", "name", "title", "customer", "iccid", "service", "id")
_FIRST_ROWS: Final = 3
_OVER: Final = frozenset({"failed", "denied", "cancelled", "waiting_for_approval", "expired"})
_BOUND: Final = {"awaiting_approval"}


def is_over(result: Any) -> bool:
    """Whether nothing should follow this answer of a tool: it failed, was refused, or waits for a person."""
    return not isinstance(result, Mapping) or "error" in result or result.get("status") in _OVER | _BOUND


def answers_for(pairs: Sequence[tuple[Mapping[str, Any], Any]], language: str = "en") -> str:
    """What to say at the end of a plan: the one answer, or a line for each."""
    answers = [answer_for(call, result, language) for call, result in pairs]
    if len(answers) < 2:
        return answers[0] if answers else phrase("done", language)
    return "\n".join(f"- {one}" for one in answers)


def stopped_for(call: Mapping[str, Any], result: Any, language: str = "en") -> str:
    """What to say about a call that failed, was refused or waits."""
    told = answer_for(call, result, language)
    return told if told else phrase("failed", language)


def answer_for(call: Mapping[str, Any], result: Any, language: str = "en") -> str:
    """What to tell the person about a call's result (the JSON of its schema, an error, or text)."""
    if not isinstance(result, Mapping):
        return str(result or phrase("done", language)).strip()
    parts = [
        _sentence(call, result, language),
        _rows(result, language),
        _as_of(result, language),
        offered(result, language),
    ]
    return " ".join(part for part in parts if part).strip()


def _sentence(call: Mapping[str, Any], result: Mapping[str, Any], language: str) -> str:
    told = str(_first(result, ("sentence", "error", "detail")) or "")
    if language == "en":
        return told or _count(result, language)
    summed_up = None if is_over(result) else _summed_up(str(call.get("name", "")), result, language)
    if summed_up:
        return summed_up
    lead = _count(result, language) if "items" in result or not told else ""
    return f"{lead} {phrase('english', language)} {told}".strip() if told else lead


def _count(result: Mapping[str, Any], language: str) -> str:
    if "items" not in result:
        return phrase("done", language)
    count = result.get("total", len(items_of(dict(result))))
    return phrase("found", language, count=f"{count:,}") if count else phrase("none_found", language)


def _first(result: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((result[name] for name in names if result.get(name)), None)


# --- templates of other languages ---


@cache
def _templates() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """By language and service: sentences with names of the result's fields; the first whose fields all exist counts."""
    path = Path(__file__).resolve().parent / "data" / "answers.json"
    templates: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(path.read_text(encoding="utf-8"))
    return templates


def _summed_up(service: str, result: Mapping[str, Any], language: str) -> str | None:
    for template in _templates().get(language, {}).get(service, ()):
        wanted = re.findall(r"\{(\w+)\}", template)
        if all(result.get(name) not in (None, "") for name in wanted):
            return template.format(**{name: _figure(result, name, language) for name in wanted})
    return None


def _figure(result: Mapping[str, Any], name: str, language: str) -> str:
    value = result[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return safe(str(value))
    if name.endswith("_bytes"):
        text = size(int(value))
    elif name.endswith("_cents"):
        text = money(value, str(result.get("currency", "EUR")))
    elif name.endswith("_percent") or isinstance(value, float):
        text = f"{value * 100 if abs(value) <= 1 and not name.endswith('_percent') else value:.3g}"
    else:
        text = f"{value:,}"
    return text.translate(_COMMAS) if language != "en" else text


_COMMAS: Final = str.maketrans({",": ".", ".": ","})


# --- rows ---


def _rows(result: Mapping[str, Any], language: str) -> str:
    items = items_of(dict(result)) if isinstance(result.get("items"), list) else []
    told = [_described(item, result, language) for item in items[:_FIRST_ROWS]]
    rows = [text for text in told if text]
    if not rows:
        return ""
    key = "first_are" if len(items) > len(rows) else "it_is" if len(rows) == 1 else "they_are"
    joined = rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} {phrase('and', language)} {rows[-1]}"
    return phrase(key, language, rows=joined)


def describe(item: Mapping[str, Any], language: str = "en") -> str:
    """One row in words: its name as a link, its usage or cost, its state ("[truck-17](/sims/8944.../) (4.12 GB)")."""
    return _described(item, {}, language)


def _described(item: Mapping[str, Any], result: Mapping[str, Any], language: str) -> str:
    name = next((str(item[field]) for field in _NAMES if item.get(field)), "")
    if name.isdigit() and len(name) > 8:
        name = f"…{name[-4:]}"
    facts = [*_amounts(item, language), *_share(item, result, language)]
    states = [str(item[field]).replace("_", " ") for field in ("status", "state", "outcome") if item.get(field)]
    shown = safe(name)
    link = link_of(item)
    if link and shown:
        shown = f"[{shown}]({link})"
    told = ", ".join([*facts, *(safe(one) for one in states[:1])])
    return f"{shown} ({told})" if shown and told else shown


def _amounts(item: Mapping[str, Any], language: str) -> list[str]:
    names = [one for one in ("usage_bytes", "total_bytes", "used_bytes", "total_cents", "saving_cents") if one in item]
    return [_figure(item, name, language) for name in names[:2] if isinstance(item[name], int)]


def _share(item: Mapping[str, Any], result: Mapping[str, Any], language: str) -> list[str]:
    """Its part of the whole, where the result has the sum of the same currency."""
    for whole in result.get("totals") or ():
        if isinstance(whole, Mapping) and whole.get("currency") == item.get("currency"):
            part, sum_ = item.get("total_cents"), whole.get("total_cents")
            if part and sum_ and part <= sum_:
                return [phrase("share", language, percent=f"{100 * part / sum_:.0f} %")]
    return []


_IN_SITE: Final = re.compile(r"/(?:[\w.~-]+/)*(?:\?[\w=&%.~-]*)?")


def link_of(item: Mapping[str, Any]) -> str:
    """The page of ours about a row: its own link where it has one, else the page of its SIM; in-site paths only."""
    own = item.get("link")
    if isinstance(own, str) and _IN_SITE.fullmatch(own):
        return own
    for name, pattern in LINKS.items():
        value = str(item.get(name) or "")
        if value and re.fullmatch(r"[\w-]+", value):
            return pattern.format(value)
    return ""


def safe(text: str) -> str:
    """Text from outside for a Markdown sentence: nothing in it is markup."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", " ".join(text.split()))


# --- how fresh, what next ---


def _as_of(result: Mapping[str, Any], language: str) -> str:
    moment = result.get("as_of")
    if not isinstance(moment, str) or "as of" in str(result.get("sentence", "")).lower():
        return ""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    shown = f"{read:%Y-%m-%d}" if len(moment) <= 10 else f"{read:%Y-%m-%d %H:%M} {read.tzname() or 'UTC'}"
    return phrase("as_of", language, moment=shown)


def offered(result: Mapping[str, Any], language: str) -> str:
    """The question whether to do what the result holds ready; "yes" is taken by the offers, not here."""
    offers = [one for one in result.get("offers") or () if isinstance(one, Mapping) and one.get("words")]
    if not offers:
        return ""
    first, *others = [_as_offered(str(one["words"]), language) for one in offers]
    asked = phrase("offer", language, words=first)
    if not others:
        return asked
    quoted = others if language == "en" else [_QUOTES[language].format(one) for one in others]
    joined = f" {phrase('or', language)} ".join(quoted)
    return f"{asked} {phrase('others', language, words=joined)}"


_QUOTES: Final = {"de": "„{}“", "fr": "« {} »", "es": "«{}»"}


def _as_offered(words: str, language: str) -> str:
    plain = words.rstrip(".?! ")
    return safe(plain[:1].lower() + plain[1:] if language == "en" else plain)
