"""A training from beginning to end: data, learning, judging on later days, keeping, noting.

Runs in a worker, outside any transaction. Whatever is stopped or fails before the version is written leaves nothing
but a file that the next attempt replaces.
"""

import time
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Max
from django.utils import timezone

from analytics.models import ModelVersion, Stage
from analytics.training import tracking
from analytics.training.keeping import Artefact, BadVersion, champion_row, keep, load
from analytics.training.trainer import CannotTrain, Dataset, Trainer, missing
from iotsim.core.effects import touch
from iotsim.core.tenancy import tenant

if TYPE_CHECKING:
    from iotsim.core.jobs import RunningJob

STEPS: Final = 10  # reading 1, learning 6, judging 1, keeping 1, noting 1
LEARNING: Final = 6


def train(organization_id: int, trainer: Trainer[Any], job: "RunningJob", who: str) -> ModelVersion:
    """A new version, as challenger. Raises CannotTrain."""
    done = _done_before(organization_id, job.id)
    if done is not None:
        return done
    began = time.perf_counter()
    _must_be_ready(organization_id, trainer)
    _tell(job, 0, "Reading what to learn from")
    data = trainer.snapshot(organization_id)
    _tell(job, 1, "Learning")
    model = trainer.fit(data, lambda part, parts: _tell(job, 1 + LEARNING * part // max(parts, 1), "Learning"))
    _tell(job, 1 + LEARNING, "Judging on later days")
    metrics, beside = trainer.score(model, data), _beside(organization_id, trainer, data)
    _tell(job, 2 + LEARNING, "Keeping")
    artefact = keep(organization_id, trainer.name, job.id, model.to_bytes())
    row = _row(organization_id, trainer, data, model, artefact)
    row.metrics, row.beside, row.charts = metrics, beside, trainer.charts(model, data)
    row.job_id, row.trained_by, row.seconds = job.id, who, round(time.perf_counter() - began, 2)
    _write(row)
    _note(row, job)
    return row


def _tell(job: "RunningJob", done: int, note: str) -> None:
    job.progress(done=done, total=STEPS, note=note)


def _done_before(organization_id: int, job_id: int) -> ModelVersion | None:
    """What an earlier attempt of the same job has written, when its worker died after that."""
    with tenant(organization_id, read_only=True):
        return ModelVersion.objects.filter(organization_id=organization_id, job_id=job_id).first()


def _must_be_ready(organization_id: int, trainer: Trainer[Any]) -> None:
    with tenant(organization_id, read_only=True):
        lacking = missing(trainer.needs(organization_id))
    if lacking:
        raise CannotTrain(f"{trainer.title} cannot be learned yet: {lacking}.")


def _beside(organization_id: int, trainer: Trainer[Any], data: Dataset) -> dict[str, float]:
    """The champion's figures on the same later days; nothing when there is none that can be used."""
    with tenant(organization_id, read_only=True):
        row = champion_row(organization_id, trainer.name)
    if row is None:
        return {}
    try:
        return {**trainer.score(load(row), data), "version": row.version}
    except BadVersion:
        return {}


def _row(organization_id: int, trainer: Trainer[Any], data: Dataset, model: Any, artefact: Artefact) -> ModelVersion:
    return ModelVersion(
        organization_id=organization_id,
        model=trainer.name,
        parameters=trainer.parameters(model),
        features=trainer.features(model),
        dataset=data.as_dict(),
        artefact=artefact.path,
        sha256=artefact.sha256,
        size_bytes=artefact.size_bytes,
        trained_at=timezone.now(),
    )


def _write(row: ModelVersion) -> None:
    """With the next number; challengers before it that nobody promoted have had their time."""
    with tenant(row.organization_id):
        rows = ModelVersion.objects.filter(organization_id=row.organization_id, model=row.model)
        row.version = (rows.aggregate(newest=Max("version"))["newest"] or 0) + 1
        rows.filter(stage=Stage.CHALLENGER).update(
            stage=Stage.RETIRED, retired_at=timezone.now(), note=f"Never used: version {row.version} came after it."
        )
        row.save()
        touch("model", [row.pk])


def _note(row: ModelVersion, job: "RunningJob") -> None:
    """Tell MLflow; what it does not take is said in the version's note."""
    _tell(job, 3 + LEARNING, "Noting it in MLflow")
    run, why_not = tracking.record(
        tracking.Training(
            organization_id=row.organization_id,
            model=row.model,
            version=row.version,
            parameters=row.parameters,
            metrics=row.metrics,
            dataset=row.dataset,
            artefact=row.artefact,
            sha256=row.sha256,
            who=row.trained_by,
        )
    )
    why_not = why_not or tracking.mark(row.organization_id, row.model, {"challenger": row.version})
    row.mlflow_run_id, row.note = run, why_not
    with tenant(row.organization_id):
        row.save(update_fields=["mlflow_run_id", "note"])
