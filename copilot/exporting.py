"""A conversation as Markdown or JSON: complete, in the organisation's time, and harmless wherever it is opened.

Text that others wrote (labels, answers, file cells) turns nothing round it: direction marks are left out, a cell that a
spreadsheet might run gets an apostrophe, and in Markdown no HTML and no image comes to life. Pure.
"""

import contextlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from copilot.schemas.conversations import ConversationDetails, EntryOut, RunOut
from iotsim.core.cells import defused
from iotsim.core.schemas import ApprovalOut

DIRECTIONS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NAME_CHARS: Final = 60


@dataclass(frozen=True)
class Export:
    """What is exported: the branch that is shown, with how its approvals were decided as the reader may know it."""

    details: ConversationDetails
    approvals: Mapping[int, ApprovalOut]
    undone: Collection[int]
    zone: str
    who: str

    def as_json(self) -> str:
        """Times with their offset; `data` of each entry as it was shown, and what was decided since."""
        plain = {
            "title": self.details.title,
            "conversation": self.details.id,
            "exported_at": self._moment(timezone.now()),
            "exported_by": self.who,
            "time_zone": self.zone,
            "runs": [self._run(one) for one in self.details.runs],
        }
        return json.dumps(_plain(plain), ensure_ascii=False, indent=1) + "\n"

    def _run(self, run: RunOut) -> dict[str, Any]:
        entries = [one for one in self.details.entries if one.run == run.id]
        times = {"asked_at": self._moment(run.asked_at), "finished_at": self._moment(run.finished_at)}
        facts = run.model_dump(mode="json", exclude={"asked_at", "finished_at", "before", "after"})
        return {**facts, **times, "entries": [self._entry(one) for one in entries]}

    def _entry(self, entry: EntryOut) -> dict[str, Any]:
        made: dict[str, Any] = {"id": entry.id, "kind": entry.kind, "data": entry.data}
        if entry.kind == "card" and (approval := self.approvals.get(entry.data["id"])):
            made["outcome"] = approval.model_dump(mode="json")
        if entry.data.get("undo_event") is not None:
            made["undone"] = entry.data["undo_event"] in self.undone
        return made

    def _moment(self, moment: datetime | None) -> str | None:
        return moment.astimezone(ZoneInfo(self.zone)).isoformat(timespec="seconds") if moment else None

    def as_markdown(self) -> str:
        """For people: question by question, tables as tables, calls with their arguments and results."""
        zone = f"{_clock(timezone.now(), self.zone)} ({self.zone})"
        parts = [
            f"# {_inline(self.details.title) or 'Conversation'}",
            f"Conversation {self.details.id}, exported {zone} by {_inline(self.who)}. All times are in {self.zone}.",
        ]
        for number, run in enumerate(self.details.runs, 1):
            parts.append(self._heading(number, run))
            parts += [self._told(one) for one in self.details.entries if one.run == run.id]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _heading(self, number: int, run: RunOut) -> str:
        beside = f", version {run.version} of {run.versions}" if run.versions > 1 else ""
        over = f", answered {_clock(run.finished_at, self.zone)}" if run.finished_at else ""
        by = f" by {_inline(run.model)}" if run.model else ""
        return f"## {number}. Asked {_clock(run.asked_at, self.zone)}{over}{by} ({run.state}{beside})"

    def _told(self, entry: EntryOut) -> str:
        data = entry.data
        match entry.kind:
            case "said":
                return "\n".join(f"> {_text(line)}" for line in data["text"].splitlines() or [""])
            case "answer":
                note = f"\n\n*{_inline(data['note'])}*" if data.get("note") else ""
                return _text(data["text"]) + note
            case "call":
                return self._call(data)
            case "card":
                return self._card(data)
            case "error":
                return f"**Not answered:** {_inline(data['sentence'])}"
            case "note":
                return f"*{_inline(data['text'])}*"
            case "choices":
                options = "\n".join(f"* {_inline(one['words'])}" for one in data.get("options", ()))
                return f"{_inline(data.get('question', ''))}\n\n{options}"
        return _widget(data)

    def _call(self, data: Mapping[str, Any]) -> str:
        state = data.get("state", "executing").replace("_", " ")
        took = f" in {data['duration_ms']:,} ms" if data.get("duration_ms") is not None else ""
        undone = ", undone later" if data.get("undo_event") in self.undone else ""
        summary = f": {_inline(data['summary'])}" if data.get("summary") else ""
        parts = [f"**{_inline(data.get('title', ''))}**{summary} ({state}{took}{undone})", _fenced(data["arguments"])]
        return "\n\n".join([*parts, _fenced(data["result"])] if data.get("result") else parts)

    def _card(self, data: Mapping[str, Any]) -> str:
        approval = self.approvals.get(data["id"]) or ApprovalOut.model_validate(data)
        lines = [f"**Approval {approval.id}:** {_inline(approval.sentence)}"]
        if approval.decided_at:
            by = f" by {_inline(approval.decided_by)}" if approval.decided_by else ""
            lines.append(f"Decided {_clock(approval.decided_at, self.zone)}{by}.")
        if approval.proposal:
            rows = [[one.label, one.field, one.before, one.after] for one in approval.proposal.changes]
            lines.append(_table(["What", "Field", "Before", "After"], rows))
            if approval.proposal.count > len(rows):
                lines.append(f"The first {len(rows)} of {approval.proposal.count:,}.")
        return "\n\n".join(lines)


def _widget(data: Mapping[str, Any]) -> str:
    """A table or figure by its numbers; anything else by its sentence and its facts."""
    inner = data.get("result") if isinstance(data.get("result"), dict) else None
    columns, rows = (inner or data).get("columns"), (inner or data).get("rows")
    title = _inline(str(data.get("title") or (inner or {}).get("title") or ""))
    about = _inline(str(data.get("sentence") or (inner or {}).get("sentence") or ""))
    head = [f"**{title}**" if title else "", about]
    if columns is not None and rows is not None:
        labels = [f"{one['label']} ({one['unit']})" if one.get("unit") else one["label"] for one in columns]
        cells = [[cell["text"] for cell in (row["cells"] if isinstance(row, dict) else row)] for row in rows]
        more = _inline(str(data.get("more") or ""))
        return "\n\n".join(part for part in [*head, _table(labels, cells), more] if part)
    facts = _fenced(json.dumps(inner, ensure_ascii=False, indent=1)) if inner else ""
    return "\n\n".join(part for part in [*head, facts] if part)


def _table(labels: list[str], rows: list[list[str]]) -> str:
    lines = [[_cell(one) for one in labels], ["---"] * len(labels), *([_cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: Any) -> str:
    return _inline(defused(str(text))).replace("|", "\\|")


def _inline(text: str) -> str:
    """Text of others on one line: it begins no heading, link, image, code or HTML."""
    line = " ".join(DIRECTIONS.sub("", text).split())
    return re.sub(r"([\\`*_\[\]>#!])", r"\\\1", line).replace("<", "&lt;")


def _text(text: str) -> str:
    """Markdown of an answer: it stays Markdown, but brings no HTML and fetches no image."""
    return DIRECTIONS.sub("", text).replace("<", "&lt;").replace("![", "!\\[")


def _fenced(text: str) -> str:
    """As it is, in a block that no line of it can end."""
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    longest = max((len(one) for one in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}json\n{DIRECTIONS.sub('', text)}\n{fence}"


def _clock(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%-d %b %Y, %H:%M:%S %Z")


def _plain(value: Any) -> Any:
    """Without direction marks, in texts and names alike."""
    if isinstance(value, str):
        return DIRECTIONS.sub("", value)
    if isinstance(value, dict):
        return {DIRECTIONS.sub("", name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def file_name(details: ConversationDetails, format: str) -> str:
    """The title in letters that every system takes, with the day of its last word."""
    words = re.sub(r"[^\w -]+", "", DIRECTIONS.sub("", details.title)).strip()
    short = re.sub(r"\s+", "-", words)[:NAME_CHARS].strip("-_") or f"conversation-{details.id}"
    return f"{short}-{details.updated_at:%Y-%m-%d}.{'md' if format == 'markdown' else 'json'}"
