"""Usage of days, and files read back."""

import csv
import io
from datetime import date
from typing import Any

from iotsim.core.models import Organization
from sims.models import Sim
from tests.fleet import use_day


def use(
    organisation: Organization, sim: Sim, day: date, *, up: int = 0, down: int = 0, sessions: int = 1, sms: int = 0
) -> None:
    """That a SIM used so much on a day of the organisation."""
    use_day(sim, day, bytes_up=up, bytes_down=down, sessions=sessions, sms=sms)


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheets_of(content: bytes) -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content))


def pages_of_pdf(content: bytes) -> Any:
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(content))


def text_of_pdf(content: bytes) -> str:
    text = " ".join(" ".join(page.extract_text() for page in pages_of_pdf(content).pages).split())
    return text.replace("\u00a0", " ")
