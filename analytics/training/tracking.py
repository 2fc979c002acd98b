"""MLflow beside our own table: each training as a run, each version in its registry.

Pages and services read `ModelVersion`; MLflow is for people who know its tools. It works on our PostgreSQL in the
schema `mlflow`, as the login (the owner), since its tables know no organisations and the application's role must not
see them; or on the server that MLFLOW_TRACKING_URI names. Only the tasks that train and promote come here. A record
that MLflow does not take is no reason to lose a training: the caller is told why, in a sentence.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import structlog
from django.conf import settings

from sims.bulk import address

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

log = structlog.get_logger(__name__)

SCHEMA: Final = "mlflow"
LOCK: Final = "iotsim mlflow schema"
LONGEST: Final = 500  # characters of a parameter's value
# Nothing is reported to anybody, no git is looked for, and no connection outlives its use.
ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


@dataclass(frozen=True)
class Training:
    """What is told to MLflow of one version."""

    organization_id: int
    model: str
    version: int
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    dataset: Mapping[str, Any]
    artefact: str
    sha256: str
    who: str


def record(training: Training) -> tuple[str, str]:
    """Write the run and the registered version: the run's id, and empty; or empty, and why it was not written."""
    return _asking(lambda client: _record(client, training))


def mark(organization_id: int, model: str, versions: Mapping[str, int | None]) -> str:
    """Set MLflow's aliases (champion, challenger) to our versions; None takes one off. Why not, or empty."""
    return _asking(lambda client: _mark(client, organization_id, model, versions))[1]


def _asking(work: Callable[["MlflowClient"], str]) -> tuple[str, str]:
    os.environ.update({name: value for name, value in ENVIRONMENT.items() if name not in os.environ})
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # MLflow's own mapping, complained of by SQLAlchemy 2.1.
        warnings.filterwarnings("ignore", message="The ``noload`` loader strategy is deprecated")
        return _asked(work)


def _asked(work: Callable[["MlflowClient"], str]) -> tuple[str, str]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return work(_client(tracking_uri())), ""
    except (MlflowException, SQLAlchemyError, OSError) as error:
        # The message may hold an address with its password: only its kind is told.
        log.warning("mlflow_refused", kind=type(error).__name__)
        return "", f"MLflow did not take it ({type(error).__name__}); everything else is kept."


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, else our own database as SQLAlchemy writes it."""
    if settings.MLFLOW_TRACKING_URI:
        return str(settings.MLFLOW_TRACKING_URI)
    from psycopg.conninfo import conninfo_to_dict

    parts = {name: str(value) for name, value in conninfo_to_dict(address(as_owner=True)).items()}
    user, password = quote(parts.pop("user", ""), safe=""), quote(parts.pop("password", ""), safe="")
    name = quote(parts.pop("dbname"), safe="")
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in parts.items())
    search_path = quote(f"-c search_path={SCHEMA}", safe="")
    return f"postgresql+psycopg://{user}:{password}@/{name}?{query}&options={search_path}"


@cache
def _client(uri: str) -> "MlflowClient":
    from mlflow.tracking import MlflowClient

    if uri.startswith("postgresql"):
        _prepare(uri)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _prepare(uri: str) -> None:
    """MLflow's own tables, made or brought up to date: once a process, by one process at a time."""
    import psycopg

    if settings.MLFLOW_TRACKING_URI:
        return
    with psycopg.connect(address(as_owner=True), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [LOCK])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        utils: Any = import_module("mlflow.store.db.utils")
        engine = utils.create_sqlalchemy_engine(uri)
        if utils._all_tables_exist(engine):
            utils._upgrade_db(engine)
        else:
            utils._initialize_tables(engine)
        engine.dispose()


def _registered(organization_id: int, model: str) -> str:
    return f"organisation-{organization_id}.{model}"


def _record(client: "MlflowClient", training: Training) -> str:
    from mlflow.entities import Metric, Param, RunTag

    name = _registered(training.organization_id, training.model)
    found = client.get_experiment_by_name(name)
    experiment = found.experiment_id if found else client.create_experiment(name, artifact_location="iotsim:/models")
    run = client.create_run(experiment, run_name=f"{training.model} {training.version}").info.run_id
    now = int(time.time() * 1000)
    told = {**training.dataset, "artefact": training.artefact, "sha256": training.sha256, "trained_by": training.who}
    client.log_batch(
        run,
        metrics=[Metric(key, float(value), now, 0) for key, value in training.metrics.items()],
        params=[Param(key, str(value)[:LONGEST]) for key, value in training.parameters.items()],
        tags=[RunTag(key, str(value)) for key, value in told.items()],
    )
    client.set_terminated(run)
    _register(client, name, training, run)
    return str(run)


def _register(client: "MlflowClient", name: str, training: Training, run: str) -> None:
    if not client.search_registered_models(filter_string=f"name = '{name}'", max_results=1):
        client.create_registered_model(name)
    tags = {"iotsim_version": str(training.version), "sha256": training.sha256}
    client.create_model_version(name, source=f"iotsim:/{training.artefact}", run_id=run, tags=tags)


def _mark(client: "MlflowClient", organization_id: int, model: str, versions: Mapping[str, int | None]) -> str:
    name = _registered(organization_id, model)
    known = {one.tags.get("iotsim_version"): one.version for one in client.search_model_versions(f"name = '{name}'")}
    for alias, version in versions.items():
        theirs = known.get(str(version))
        if theirs is not None:
            client.set_registered_model_alias(name, alias, theirs)
        elif known:
            client.delete_registered_model_alias(name, alias)
    return ""
