"""What people say for each service: sentences that teach the offline planner and are shown as suggestions."""

from collections import defaultdict
from pathlib import Path


def read_examples(path: Path) -> dict[str, list[str]]:
    """The sentences of a file by the service named in brackets above them; lines with # are comments."""
    sentences: dict[str, list[str]] = defaultdict(list)
    service = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            service = line.strip("[]")
        elif line and not line.startswith("#"):
            sentences[service].append(line)
    return dict(sentences)


EXAMPLES = read_examples(Path(__file__).resolve().parent / "data" / "examples.txt")
