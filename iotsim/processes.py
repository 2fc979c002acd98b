"""Child processes that never outlive their parent: started apart, ended in time, found again after a crash.

Standard library only. On Linux the kernel itself ends a child whose parent was killed; everywhere the pids
are written down, so that the next start ends what is left over.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LINUX = platform.system() == "Linux"
BEGIN = (sys.executable, "-I", "-S", str(Path(__file__).with_name("begin.py")))
LONGEST_LOG_BYTES = 10_000_000


class StartFailed(RuntimeError):
    """A process did not start; the message ends with the last lines of its log."""


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    last_words: signal.Signals = signal.SIGKILL,
    nice: int = 0,
    inherits: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, writing to `log`; `last_words` is its signal if we are killed.

    Unless told otherwise that is SIGKILL: without us there are no servers either, Celery would wait for its broker
    for ever, and nothing is lost, since what is begun is resumed. To be called from the main thread: the kernel
    takes the end of the starting thread for ours.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return subprocess.Popen(
            [*BEGIN, str(int(last_words)), str(nice), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            start_new_session=True,
            pass_fds=inherits,
        )


def stop(children: Iterable[subprocess.Popen[bytes]], *, first: signal.Signals, seconds: float) -> None:
    """Ask the children to end, all at once; who is left after `seconds` is killed with its process group."""
    waiting = [child for child in children if child.poll() is None]
    for child in waiting:
        child.send_signal(first)
    deadline = time.monotonic() + seconds
    for child in waiting:
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        end_group(child.pid)  # at once: later its number may lead another group
        child.wait()


def wait_until(
    ready: Callable[[], bool], *, child: subprocess.Popen[bytes], log: Path, what: str, seconds: float = 60.0
) -> None:
    """Wait for a child to become ready; one that ends or takes too long is ended.

    Raises StartFailed with the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None or time.monotonic() > deadline:
            stop([child], first=signal.SIGTERM, seconds=2)
            raise StartFailed(f"{what} does not start.\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def remember(path: Path, pids: Iterable[int]) -> None:
    """Write down which processes are ours, each with what tells it from a later one of the same number."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({pid: identity(pid) for pid in pids}))
    draft.replace(path)


def end_leftovers(path: Path, *, seconds: float = 5.0) -> int:
    """End the processes written down at `path` that still run and are still ours; answers how many."""
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    left = [int(pid) for pid, was in known.items() if was and identity(int(pid)) == was]
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(identity(pid) == known[str(pid)] for pid in left):
        time.sleep(0.05)
    for pid in left:
        if identity(pid) == known[str(pid)]:
            end_group(pid)
    path.unlink(missing_ok=True)
    return len(left)


def identity(pid: int) -> str:
    """What tells a process from another of the same number: when it began. Empty if there is none."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def end_group(pid: int) -> None:
    """Kill a process and whatever else is left of the group that it leads."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
