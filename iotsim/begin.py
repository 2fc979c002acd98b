"""What a child process of ours does before it becomes its program: it binds its life to its parent's.

    python -I -S iotsim/begin.py SIGNAL NICE PARENT COMMAND [ARGUMENT...]

Standard library only. It is a program of its own since code between fork and exec must not run where threads are.
"""

import ctypes
import os
import platform
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(last_words: int) -> None:
    """Have the kernel send this process the signal `last_words` when its parent ends, however that came."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, last_words, 0, 0, 0)


def main() -> None:
    last_words, nice, parent = map(int, sys.argv[1:4])
    os.nice(nice)
    end_with_parent(last_words)
    if os.getppid() != parent:
        sys.exit("The parent ended before its child began.")
    os.execvp(sys.argv[4], sys.argv[4:])  # noqa: S606 (becoming another program is the point)


if __name__ == "__main__":
    main()
