"""A copilot in the terminal: the same loop in this process, for the person named by --as."""

import asyncio
import json
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from copilot import threads
from copilot.choice import choice_of
from copilot.runner import Runner
from iotsim.core import registry
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import IotsimError
from iotsim.core.guard import in_thread
from iotsim.core.members import membership_of
from iotsim.core.schemas import ApprovalOut


@dataclass
class Transcript:
    """What came of a question, as it is printed."""

    tools: list[dict[str, Any]] = field(default_factory=list)
    answer: str = ""
    error: str = ""
    approvals: list[ApprovalOut] = field(default_factory=list)
    _by_id: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take_in(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "TOOL_CALL_START":
                call = {"name": event["toolCallName"], "arguments": "", "status": "proposed"}
                self._by_id[event["toolCallId"]] = call
                self.tools.append(call)
            case "TOOL_CALL_ARGS":
                self._by_id[event["toolCallId"]]["arguments"] += event["delta"]
            case "TOOL_CALL_RESULT":
                self._by_id[event["toolCallId"]]["status"] = event["metadata"]["state"]
            case "TEXT_MESSAGE_START":
                self.answer += "\n\n" if self.answer else ""
            case "TEXT_MESSAGE_CONTENT":
                self.answer += event["delta"]
            case "RUN_ERROR":
                self.error = event["message"]
            case "CUSTOM" if event["name"] == "approval":
                self.approvals.append(ApprovalOut.model_validate(event["value"]))

    def as_json(self) -> dict[str, Any]:
        tools = [{**one, "arguments": _read(one["arguments"])} for one in self.tools]
        return {"tools": tools, "answer": self.answer or self.error}


def _read(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


class Command(BaseCommand):
    help = "Ask the copilot, as a member: manage.py ask 'Which SIMs are using more than 5GB?' --as you@example.com"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--as", dest="email", required=True, help="e-mail of the member who asks")
        parser.add_argument("--org", help="slug of the organisation, where they are in several")
        parser.add_argument("--thread", type=int, help="number of the conversation to go on with")
        parser.add_argument("--json", action="store_true", help='print {"tools": [...], "answer": "..."}')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = Actor.for_membership(membership_of(options["email"], options["org"]), face=Face.CLI)
            transcript, thread_id = asyncio.run(self._ask(actor, options))
        except IotsimError as error:
            raise CommandError(error.sentence) from error
        if options["json"]:
            self.stdout.write(json.dumps(transcript.as_json(), ensure_ascii=False))
            return
        self.stdout.write(f"\n({choice_of(actor.organization_id).model}, conversation {thread_id})")
        for approval in transcript.approvals:
            self._decide(actor, approval)
        if transcript.error:
            raise CommandError(transcript.error)

    async def _ask(self, actor: Actor, options: dict[str, Any]) -> tuple[Transcript, int]:
        runner, transcript = Runner(), Transcript()
        asked = await in_thread(
            threads.ask, actor, text=options["question"], thread_id=options["thread"], worker=runner.worker
        )

        def on_event(event: dict[str, Any]) -> None:
            transcript.take_in(event)
            if not options["json"]:
                self._show(event)

        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, runner.stop_runs)
        await runner.carry_out_one(actor.organization_id, asked.run_id, on_event)
        return transcript, asked.thread_id

    def _show(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "TEXT_MESSAGE_CONTENT":
                self.stdout.write(event["delta"], ending="")
                self.stdout.flush()
            case "TEXT_MESSAGE_END":
                self.stdout.write("")
            case "TOOL_CALL_RESULT":
                facts = event["metadata"]
                self.stdout.write(f"[{facts['state']}] {facts.get('summary', '')}")
            case "TOOL_CALL_START":
                self.stdout.write(f"{event['metadata']['title']} ", ending="")
            case "CUSTOM" if event["name"] == "table":
                self._show_table(event["value"])

    def _show_table(self, table: dict[str, Any]) -> None:
        rows = [[one["label"] for one in table["columns"]]]
        rows += [[cell["text"] for cell in row["cells"]] for row in table["rows"]]
        widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
        if table["more"]:
            self.stdout.write(f"  {table['more']}")

    def _decide(self, actor: Actor, approval: ApprovalOut) -> None:
        """Show the facts and, at a terminal, take the person's decision."""
        if approval.proposal:
            self.stdout.write(f"{approval.proposal.summary} ({approval.proposal.count}):")
            for change in approval.proposal.changes:
                self.stdout.write(f"  {change.label}: {change.field} {change.before} -> {change.after}")
        if not sys.stdin.isatty():
            self.stdout.write(f"Request {approval.id} waits for a decision on the page /approvals/.")
            return
        word = "approve_call" if input("Do it? [y/N] ").strip().lower() in ("y", "yes") else "reject_call"
        outcome = registry.get(word).call(actor, {"approval": approval.id})
        self.stdout.write(outcome.sentence)
