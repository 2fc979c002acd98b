"""What people say for each service of analytics (see `iotsim.core.examples`)."""

from pathlib import Path

from iotsim.core.examples import read_examples

EXAMPLES = read_examples(Path(__file__).resolve().parent / "data" / "examples.txt")
