"""What reads files knows no database."""

import subprocess
import sys

from tests.conftest import REPOSITORY

CODE = """
import sys
import sims.formats.inventory, sims.formats.usage, sims.identifiers, sims.cycles, sims.intake.days
print([name for name in ("django", "psycopg", "iotsim.core") if name in sys.modules])
"""


def test_formats_identifiers_and_days_import_no_django():
    ended = subprocess.run([sys.executable, "-c", CODE], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
