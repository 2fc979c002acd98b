"""Artefacts: kept by STORAGES, loaded only when they are still what was trained."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from analytics.models import ModelVersion, Stage
from iotsim.core.errors import Conflict
from iotsim.core.tenancy import tenant

T = TypeVar("T")


class BadVersion(Conflict):
    """The file of a version is missing, or not what was trained."""

    code, title = "bad_version", "This version cannot be used"


@dataclass(frozen=True)
class Champion(Generic[T]):
    """The version in use, loaded."""

    version: int
    model: T


@dataclass(frozen=True)
class Artefact:
    """Where a model was put, and how it is known again."""

    path: str
    sha256: str
    size_bytes: int


def keep(organization_id: int, name: str, job_id: int, content: bytes) -> Artefact:
    """Put a model's bytes into the storage; a second attempt of the same job replaces what the first one left."""
    path = f"{organization_id}/models/{name}/{job_id}.json"
    if default_storage.exists(path):
        default_storage.delete(path)
    stored = default_storage.save(path, ContentFile(content))
    return Artefact(stored, hashlib.sha256(content).hexdigest(), len(content))


def read(row: ModelVersion) -> bytes:
    """The bytes of a version. Raises BadVersion when they are gone or another's."""
    called = f"Version {row.version} of {row.model}"
    try:
        with default_storage.open(row.artefact, "rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise BadVersion(f"{called} cannot be used: its file is gone. Train anew, or roll back.") from error
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise BadVersion(
            f"{called} cannot be used: its file is not what was trained (another SHA-256). Train anew, or roll back."
        )
    return content


def load(row: ModelVersion) -> Any:
    """The model of a version. Raises BadVersion."""
    content = read(row)
    try:
        return _parsed(row.model, content)
    except ValueError as error:
        raise BadVersion(f"Version {row.version} of {row.model} cannot be used: {error}") from error


@lru_cache(maxsize=16)
def _parsed(name: str, content: bytes) -> Any:
    from analytics.training.trainers import trainer_of

    return trainer_of(name).load(content)


def champion(organization_id: int, name: str) -> Champion[Any] | None:
    """The version in use, None when none was promoted. Raises BadVersion. Opens a transaction of its own."""
    with tenant(organization_id, read_only=True):
        row = champion_row(organization_id, name)
    return None if row is None else Champion(row.version, load(row))


def champion_row(organization_id: int, name: str) -> ModelVersion | None:
    """Inside the tenant's transaction."""
    rows = ModelVersion.objects.filter(organization_id=organization_id, model=name)
    return rows.filter(stage=Stage.CHAMPION).first()
