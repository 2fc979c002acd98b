"""Usage of days, and files read back."""

import csv
import io
from datetime import date, timedelta
from typing import Any

from django.db import connection

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.models import Sim, UsageDaily


def use(
    organisation: Organization, sim: Sim, day: date, *, up: int = 0, down: int = 0, sessions: int = 1, sms: int = 0
) -> None:
    """That a SIM used so much on a day of the organisation."""
    with tenant(organisation.pk):
        with connection.cursor() as cursor:
            cursor.execute("SELECT sims_usage_partitions(%s, %s)", [day, day + timedelta(days=1)])
        UsageDaily.objects.create(
            organization=organisation,
            sim_id=sim.pk,
            day=day,
            bytes_up=up,
            bytes_down=down,
            sessions=sessions,
            sms=sms,
        )


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
