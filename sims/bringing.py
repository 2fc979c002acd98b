"""Bringing a file in from a page: keep the upload, ask for the job, show what is under way."""

from typing import TYPE_CHECKING, Any

from iotsim.core.errors import Invalid
from iotsim.core.services import list_jobs
from iotsim.core.uploads import store_upload
from sims.schemas.mappings import FIELDS
from sims.services.intake import import_sims, import_usage

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from iotsim.core.actor import Actor
    from iotsim.core.schemas import JobOut

SERVICES = {"import_usage": import_usage, "import_sims": import_sims}
NEWEST = 20  # jobs looked through for those under way


def bring_in(actor: "Actor", request: "HttpRequest") -> "JobOut":
    """Keep the form's file and ask for its import. Raises Invalid, TooLarge or Denied."""
    service = SERVICES.get(request.POST.get("service", ""))
    if service is None:
        raise Invalid("Say what the file holds: usage records or a SIM inventory.", field="service")
    file = request.FILES.get("file")
    if file is None or file.file is None or file.size is None:
        raise Invalid("Choose a file to bring in.", field="file")
    kept = store_upload(actor, name=file.name or "file", content=file.file, size_bytes=file.size)
    month = request.POST.get("month", "")
    if month and service is import_usage:
        return service(actor, upload_id=kept.id, month=month)
    return service(actor, upload_id=kept.id)


def under_way(actor: "Actor") -> "list[JobOut]":
    """The imports that wait or run, the oldest first."""
    newest = list_jobs(actor, limit=NEWEST).items
    return [job for job in reversed(newest) if job.service in SERVICES and not job.is_over]


def mapping_choices(intake: int, data: "QueryDict") -> dict[str, Any]:
    """The mapping page's form as arguments; before anything was chosen the columns are guessed."""
    raw: dict[str, Any] = {name: data[name] for name in ("unit", "times", "zone", "costs_in") if data.get(name)}
    if "chosen" in data:
        raw["columns"] = [f"{field}={data[f'field.{field}']}" for field in FIELDS if data.get(f"field.{field}")]
    return {"intake": intake, **raw}
