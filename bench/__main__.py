"""`make bench`: every measurement of this folder in turn, one JSON line each."""

import subprocess
import sys
from pathlib import Path

MEASUREMENTS = ("intake", "sim_list", "reports", "forecast", "anomalies", "search", "copilot")


def main() -> int:
    there = [name for name in MEASUREMENTS if (Path(__file__).parent / f"{name}.py").exists()]
    return max(subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode for name in there)


if __name__ == "__main__":
    sys.exit(main())
