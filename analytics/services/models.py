"""Models as things with a life: trained, compared, promoted, rolled back."""

from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from pydantic import BaseModel

from analytics.examples import EXAMPLES
from analytics.models import ModelVersion, Stage
from analytics.schemas.models import (
    LiftStep,
    ModelCard,
    ModelChange,
    ModelDetail,
    ModelPage,
    ModelTrained,
    NeedOut,
    VersionOut,
    figures_of,
)
from analytics.training.keeping import champion_row, read
from analytics.training.trainer import CannotTrain, Trainer, missing
from analytics.training.trainers import trainer_of, trainers
from analytics.training.words import METRICS, ModelName, VersionNumber, figure
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.jobs import RunningJob, send_task
from iotsim.core.models import Job, JobState, Organization
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted

LIMITED: Final = "Models learn from all customers, and you look after some only."
UNDER_WAY: Final = (JobState.QUEUED, JobState.RUNNING)
EVERY: Final = timedelta(days=7)
TRAIN: Final = "train_model"


def _must_see_all(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied(LIMITED)


def _versions(actor: Actor, model: str) -> Any:
    return ModelVersion.objects.filter(organization_id=actor.organization_id, model=model)


def _job_of(organization_id: int, model: str, *, besides: int = 0) -> int | None:
    """The training of a model that is under way, if one is."""
    rows = Job.objects.filter(organization_id=organization_id, service=TRAIN, state__in=UNDER_WAY)
    return rows.filter(arguments__model=model).exclude(pk=besides).values_list("pk", flat=True).first()


@service(permission=Permission.VIEW, risk=Risk.READ, path="models", examples=EXAMPLES["list_models"], title="Models")
def list_models(actor: Actor) -> ModelPage:
    """List the models that are learned from your data: the version of each in use, how good it is, what it lacks."""
    if actor.customer_ids is not None:
        return ModelPage(sentence=LIMITED, items=[])
    items = [_card(actor, trainer) for trainer in trainers().values()]
    return ModelPage(sentence=" ".join(f"{one.title}: {one.summary}" for one in items), items=items)


@service(
    permission=Permission.VIEW, risk=Risk.READ, path="models/{model}", examples=EXAMPLES["get_model"], title="Model"
)
def get_model(actor: Actor, *, model: ModelName) -> ModelDetail:
    """Show one model: its versions with their figures, what they learned from, who promoted them, what it lacks."""
    trainer = trainer_of(model)
    _must_see_all(actor)
    rows = list(_versions(actor, model).order_by("-version")[:100])
    card = _card(actor, trainer)
    shown = next((row for row in rows if row.stage == Stage.CHAMPION), rows[0] if rows else None)
    return ModelDetail(
        sentence=f"{card.title}: {card.summary}",
        card=card,
        versions=[VersionOut.of(row) for row in rows],
        lift=[LiftStep(**step) for step in (shown.charts.get("lift", []) if shown else [])],
        metric=trainer.metric,
    )


def _card(actor: Actor, trainer: Trainer[Any]) -> ModelCard:
    rows = _versions(actor, trainer.name)
    newest = {row.stage: row for row in rows.exclude(stage=Stage.RETIRED).order_by("version")}
    champion, challenger = newest.get(Stage.CHAMPION), newest.get(Stage.CHALLENGER)
    needs = trainer.needs(actor.organization_id)
    lacking = missing(needs)
    state = "in use" if champion else "trained" if challenger else "waiting" if lacking else "ready"
    return ModelCard(
        name=trainer.name,
        title=trainer.title,
        about=trainer.about,
        state=state,
        summary=_summary(trainer, champion, challenger, lacking),
        needs=[
            NeedOut(what=one.what, have=one.have, need=one.need, is_met=one.is_met, words=one.words) for one in needs
        ],
        champion=VersionOut.of(champion) if champion else None,
        challenger=VersionOut.of(challenger) if challenger else None,
        versions=rows.count(),
        job=_job_of(actor.organization_id, trainer.name),
    )


def _summary(
    trainer: Trainer[Any], champion: ModelVersion | None, challenger: ModelVersion | None, lacking: str
) -> str:
    parts = []
    if champion:
        by = f" by {champion.promoted_by}" if champion.promoted_by else ""
        parts.append(f"version {champion.version} is in use{by}{_with(trainer, champion)}.")
    else:
        parts.append("no version is in use.")
    if challenger:
        parts.append(f"Version {challenger.version} waits to be promoted{_with(trainer, challenger)}.")
    elif not champion:
        parts.append(f"To train it, this is missing: {lacking}." if lacking else "It can be trained.")
    return " ".join(parts)


def _with(trainer: Trainer[Any], row: ModelVersion) -> str:
    said = figure(trainer.metric, row.metrics)
    return f" ({said})" if said else ""


def _prepare(actor: Actor, job: JobOut, *, model: str) -> str:
    """Refuse at once what a worker would refuse: an unknown model, too little data, a training under way."""
    trainer = trainer_of(model)
    _must_see_all(actor)
    _one_at_a_time(actor.organization_id, model)
    other = _job_of(actor.organization_id, model, besides=job.id)
    if other is not None:
        raise Conflict(f"{trainer.title} is being trained already (job {other}); wait for it, or stop it.")
    if lacking := missing(trainer.needs(actor.organization_id)):
        raise CannotTrain(f"{trainer.title} cannot be learned yet: {lacking}.")
    return f"Training of {trainer.title}"


def _one_at_a_time(organization_id: int, model: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"model {model} of {organization_id}"])


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="models/{model}/versions",
    examples=EXAMPLES["train_model"],
    title="Train model",
    job=True,
    prepare=_prepare,
)
def train_model(actor: Actor, *, model: ModelName, job: RunningJob) -> ModelTrained:
    """Train a new version of a model on the data as they are now. It is used only once somebody has promoted it."""
    from analytics.training.pipeline import train

    trainer = trainer_of(model)
    row = train(actor.organization_id, trainer, job, actor.name)
    return ModelTrained(
        sentence=_told(trainer, row),
        model=model,
        version=row.version,
        figures=figures_of(row),
    )


def _told(trainer: Trainer[Any], row: ModelVersion) -> str:
    """What came of a training, with the champion beside it."""
    mine = figure(trainer.metric, row.metrics) or "no figure"
    what = (
        f"Version {row.version} of {trainer.title.lower()} was trained on {counted(row.dataset['rows'], 'row')}: {mine}"
    )
    if not row.beside:
        return f"{what}. No version is in use yet; promote it to use it."
    better = trainer.is_better(row.metrics, row.beside)
    verdict = {True: "It is better", False: "It is not better", None: "They cannot be compared"}[better]
    theirs = METRICS[trainer.metric].words(row.beside.get(trainer.metric))
    beside = f"against {theirs} of version {row.beside['version']} in use"
    return f"{what}, {beside}. {verdict}; nothing changes until it is promoted."


def _asks_a_person(actor: Actor, arguments: BaseModel) -> Risk:
    """Another model judges every customer or SIM from then on: a person sees old and new figures first, always."""
    return Risk.DANGER


def _promoted(actor: Actor, model: str, version: int | None) -> tuple[Trainer[Any], ModelVersion, ModelVersion | None]:
    """The version to promote (the challenger if not named) and the champion now. Raises NotFound or Conflict."""
    trainer = trainer_of(model)
    _must_see_all(actor)
    rows = _versions(actor, model)
    row = rows.filter(version=version).first() if version else rows.filter(stage=Stage.CHALLENGER).last()
    if row is None:
        what = f"no version {version} of {model}" if version else f"no version of {model} that waits to be promoted"
        raise NotFound(f"There is {what}.", field="version" if version else "model")
    if row.stage == Stage.CHAMPION:
        raise Conflict(f"Version {row.version} of {model} is in use already.")
    read(row)
    return trainer, row, champion_row(actor.organization_id, model)


def propose_promotion(actor: Actor, *, model: str, version: int | None = None) -> Proposal:
    """Old figures -> new figures on the same days; a worse one is warned of."""
    trainer, row, champion = _promoted(actor, model, version)
    warnings = []
    if champion is None:
        warnings.append("No version is in use yet, so there is nothing to compare it with.")
    elif row.beside.get("version") != champion.version:
        warnings.append(f"It was not judged beside version {champion.version}, so the figures are of different days.")
    if champion is not None and trainer.is_better(_same_days(row, champion), row.metrics):
        warnings.append(f"It is worse than version {champion.version}: {METRICS[trainer.metric].title} decides.")
    return _proposal(f"Use version {row.version} of {trainer.title.lower()}", row, champion, warnings)


def _same_days(row: ModelVersion, champion: ModelVersion) -> dict[str, float]:
    """The champion's figures on the days that `row` was judged on, else its own."""
    figures: dict[str, float] = row.beside if row.beside.get("version") == champion.version else champion.metrics
    return figures


def _proposal(summary: str, row: ModelVersion | None, champion: ModelVersion | None, warnings: list[str]) -> Proposal:
    old = _same_days(row, champion) if row and champion else champion.metrics if champion else {}
    new = row.metrics if row else {}
    changes = [
        Change(
            label=metric.title[:1].upper() + metric.title[1:], field="",
            before=metric.words(old.get(name)), after=metric.words(new.get(name)),
        )
        for name, metric in METRICS.items()
        if name in old or name in new
    ]  # fmt: skip
    facts = [one and [one.version, one.stage, one.sha256] for one in (row, champion)]
    return Proposal(summary=summary, count=1, noun="model", changes=changes, warnings=warnings, digest=digest_of(facts))


@service(
    permission=Permission.ADMINISTER,
    risk=_asks_a_person,
    path="models/{model}/promote",
    examples=EXAMPLES["promote_model"],
    title="Promote model",
    proposal=propose_promotion,
)
def promote_model(actor: Actor, *, model: ModelName, version: VersionNumber | None = None) -> ModelChange:
    """Use this version of a model from now on, without a number the challenger; the one in use is retired."""
    _one_at_a_time(actor.organization_id, model)
    trainer, row, champion = _promoted(actor, model, version)
    _exchange(actor, row, champion, note="")
    before = f" instead of version {champion.version}" if champion else ""
    return ModelChange(
        sentence=f"Version {row.version} of {trainer.title.lower()} is in use now{before}.",
        model=model,
        version=row.version,
        before=champion.version if champion else None,
    )


def _exchange(actor: Actor, row: ModelVersion | None, champion: ModelVersion | None, *, note: str) -> None:
    """Retire the champion, make `row` the champion, and have what rests on it worked out anew after commit."""
    now = timezone.now()
    if champion is not None:
        champion.stage, champion.retired_at = Stage.RETIRED.value, now
        champion.save(update_fields=["stage", "retired_at"])
    if row is not None:
        row.stage, row.promoted_at, row.promoted_by, row.retired_at = Stage.CHAMPION.value, now, actor.name, None
        row.note = note or row.note
        row.save(update_fields=["stage", "promoted_at", "promoted_by", "retired_at", "note"])
    changed = [one.pk for one in (row, champion) if one is not None]
    touch("model", changed)
    transaction.on_commit(lambda: send_task("analytics.apply_model", actor.organization_id, changed[0]))


def _rolled_back(actor: Actor, model: str) -> tuple[Trainer[Any], ModelVersion | None, ModelVersion]:
    """The newest earlier version that was in use once (None: there was none), and the champion. Raises Conflict."""
    trainer = trainer_of(model)
    _must_see_all(actor)
    champion = champion_row(actor.organization_id, model)
    if champion is None:
        raise Conflict(f"No version of {model} is in use, so there is nothing to roll back.")
    rows = _versions(actor, model).filter(promoted_at__isnull=False, version__lt=champion.version)
    row = rows.order_by("-version").first()
    if row is not None:
        read(row)
    return trainer, row, champion


def propose_roll_back(actor: Actor, *, model: str) -> Proposal:
    """What would be used instead, with its figures."""
    trainer, row, champion = _rolled_back(actor, model)
    if row is None:
        warning = "No version was in use before it: nothing learned is used until one is promoted."
        return _proposal(f"Use no version of {trainer.title.lower()}", None, champion, [warning])
    return _proposal(f"Go back to version {row.version} of {trainer.title.lower()}", row, champion, [])


@service(
    permission=Permission.ADMINISTER,
    risk=_asks_a_person,
    path="models/{model}/roll-back",
    examples=EXAMPLES["roll_back_model"],
    title="Roll back model",
    proposal=propose_roll_back,
)
def roll_back_model(actor: Actor, *, model: ModelName) -> ModelChange:
    """Use the version of a model again that was in use before the present one; the present one is retired."""
    _one_at_a_time(actor.organization_id, model)
    trainer, row, champion = _rolled_back(actor, model)
    _exchange(actor, row, champion, note=f"Back in use: version {champion.version} was rolled back.")
    title = trainer.title.lower()
    again = f"Version {row.version} of {title} is in use again" if row else f"No version of {title} is in use any more"
    return ModelChange(
        sentence=f"{again}; version {champion.version} was retired.",
        model=model,
        version=row.version if row else None,
        before=champion.version,
    )


def apply_model(organization_id: int, version_id: int) -> None:
    """After a promotion or roll-back: what the model has worked out is done anew, and MLflow is told."""
    from analytics.training import tracking

    with tenant(organization_id, read_only=True):
        row = ModelVersion.objects.get(pk=version_id)
        champion = champion_row(organization_id, row.model)
    trainer_of(row.model).apply(organization_id)
    tracking.mark(organization_id, row.model, {"champion": champion.version if champion else None})


def start_trainings() -> int:
    """Ask for a training of each model that has what it needs and was not trained for a week. Answers how many."""
    return sum(
        _start(organization, trainer)
        for organization in Organization.objects.order_by("pk")
        for trainer in trainers().values()
    )


def _start(organization: Organization, trainer: Trainer[Any]) -> bool:
    since = timezone.now() - EVERY
    with tenant(organization.pk):
        asked = Job.objects.filter(organization_id=organization.pk, service=TRAIN, arguments__model=trainer.name)
        if asked.filter(created_at__gte=since).exists() or missing(trainer.needs(organization.pk)):
            return False
        train_model(Actor.system(organization), model=trainer.name)
    return True
