"""docs/services.md: the registry written out for people."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from iotsim.core import registry
from iotsim.core.registry import Service

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "services.md"

HEAD = """# Services

Every capability of iotsim is one typed, guarded function. This page is made from the registry by
`make docs`; a test keeps it fresh. Each service is at once a REST endpoint under `/api/v1`, a button or
form under `/act/<name>/`, and a tool of the copilot (those without a sentence are plumbing and no tools).

READ changes nothing. WRITE can be undone. DANGER is final, bulk or costs money: a person confirms it, a machine
waits for a person's decision.
"""


def catalogue() -> str:
    """The whole page as Markdown."""
    services = sorted(registry.all_services(), key=lambda one: (one.app, one.name))
    parts = [HEAD]
    for app, members in groupby(services, key=lambda one: one.app):
        parts.append(f"\n## {app}\n")
        parts += [_entry(service) for service in members]
    return "".join(parts)


def _entry(service: Service[..., Any]) -> str:
    method = "GET" if service.is_read else "POST"
    lines = [
        f"\n### {service.name}\n",
        f"\n{service.description}\n",
        f"\n`{method} /api/v1/{service.path}` · permission {service.permission.value} · {service.risk_name}",
        *(f" · {mark}" for mark in _marks(service)),
        "\n",
        *_parameters(service),
    ]
    if service.examples:
        said = "; ".join(f"“{one}”" for one in service.examples[:3])
        lines.append(f"\nAsk: {said}\n")
    return "".join(lines)


def _marks(service: Service[..., Any]) -> Iterator[str]:
    if service.job:
        yield "runs as a job"
    if service.undo:
        yield "offers undo"
    if service.people_only:
        yield "people only"


def _parameters(service: Service[..., Any]) -> Iterator[str]:
    schema = service.parameters.model_json_schema()
    required = set(schema.get("required", ()))
    for index, (name, part) in enumerate(schema.get("properties", {}).items()):
        if index == 0:
            yield "\n"
        must = "required" if name in required else "optional"
        words = part.get("description") or _nested(part)
        yield f"* `{name}` ({must}): {words}\n"


def _nested(part: dict[str, Any]) -> str:
    return next(
        (one["description"] for one in part.get("anyOf", ()) if one.get("description")),
        "see the sentence below",
    )
