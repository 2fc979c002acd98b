"""Answers questions: takes runs out of the queue until it is ended by Ctrl-C or SIGTERM."""

import asyncio
import logging
import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from copilot import llm, tracing_setup
from copilot.runner import Runner
from iotsim.checks import refuse_to_start


class Command(BaseCommand):
    help = "Run the copilot's runner: it answers questions for all organisations until it is ended."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_to_start()
        tracing_setup.say()
        # Loading takes seconds and cannot be broken off, so nobody who ends us waits for it.
        warming = threading.Thread(target=llm.warm_all, name="copilot-warm", daemon=True)
        warming.start()
        asyncio.run(serve())
        if warming.is_alive():
            logging.shutdown()
            os._exit(0)


async def serve() -> None:
    runner = Runner()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, runner.stop)
    await runner.serve()
