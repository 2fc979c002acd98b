"""Slow models in a process of their own, so that one that takes too long can be ended: `python -m ...worker`.

Parent and child exchange one line of JSON each. What packages print goes to the child's error stream, which is kept
to say why a child died.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np

from analytics.forecasting.classics import MODELS, Task
from analytics.forecasting.shapes import Matrix

ROOT: Final = Path(__file__).resolve().parents[2]
LONGEST_REASON: Final = 300


class Failed(Exception):
    """A model that gave no answer; the text says why."""


class Worker:
    """A child process that runs one model at a time; started when it is needed, ended when time is up.

    `cache_dir`: a folder of ours where compiled code is kept from one child to the next (AutoCES compiles for half a
    minute); without one it is compiled anew.
    """

    def __init__(self, cache_dir: Path | None = None) -> None:
        self._cache_dir = cache_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def run(self, model: str, task: Task, seconds: float) -> Matrix:
        """The bands (3, horizon) of the model, or Failed: it could not, or not within the seconds."""
        deadline = time.monotonic() + seconds
        if seconds <= 0:
            raise Failed("no time was left")
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._start()
        answer = self._ask({"model": model, **_written(task)}, deadline)
        if "error" in answer:
            raise Failed(str(answer["error"]))
        return np.array(answer["bands"], dtype=np.float32)

    def end(self) -> None:
        """End the child, if there is one."""
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
        if self._said is not None:
            self._said.close()
            self._said = None

    def _start(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        if self._cache_dir is not None:
            self._cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            environment |= {"NIXTLA_NUMBA_CACHE": "1", "NUMBA_CACHE_DIR": str(self._cache_dir)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analytics.forecasting.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=ROOT,
            env=environment,
        )

    def _ask(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise Failed(self._last_words()) from error
        source = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                self.end()
                raise Failed("it took longer than its share of the time")
            piece = os.read(source, 1 << 16)
            if not piece:
                raise Failed(self._last_words())
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        """The last line that a child wrote before it died."""
        if self._said is None:
            return "its process ended"
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        self.end()
        return lines[-1][:LONGEST_REASON] if lines else "its process ended"


def _written(task: Task) -> dict[str, Any]:
    return {
        "values": task.values.tolist(),
        "start": task.start.isoformat(),
        "step_seconds": task.step_seconds,
        "horizon": task.horizon,
        "period": task.period,
        "day": task.day,
    }


def _read(question: dict[str, Any]) -> tuple[str, Task]:
    model = question.pop("model")
    values, start = np.array(question.pop("values"), dtype=np.float64), datetime.fromisoformat(question.pop("start"))
    return model, Task(values=values, start=start, **question)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """What the child says: bands, or why there are none."""
    model, task = _read(question)
    try:
        return {"bands": MODELS[model](task).tolist()}
    except (ArithmeticError, ValueError, RuntimeError, IndexError, np.linalg.LinAlgError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:LONGEST_REASON]}


def main() -> None:
    """Answer questions until there are no more. Whatever else is printed goes to the error stream."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
