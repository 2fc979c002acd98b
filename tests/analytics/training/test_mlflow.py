"""MLflow on our PostgreSQL: a schema of its own that the application cannot see."""

import pytest
from django.db import DatabaseError, connection, transaction

from analytics.training import tracking
from analytics.training.tracking import Training


def training(organisation, version=1):
    return Training(
        organization_id=organisation.pk,
        model="churn",
        version=version,
        parameters={"num_leaves": 8},
        metrics={"auc": 0.81},
        dataset={"id": "abc", "rows": 12},
        artefact="1/models/churn/1.json",
        sha256="0" * 64,
        who="anna@example.com",
    )


def test_a_training_is_a_run_and_a_registered_version(organisation):
    run, why_not = tracking.record(training(organisation))
    assert why_not == ""
    client = tracking._client(tracking.tracking_uri())
    kept = client.get_run(run)
    assert kept.data.metrics == {"auc": 0.81} and kept.data.params == {"num_leaves": "8"}
    assert kept.data.tags["sha256"] == "0" * 64 and kept.info.status == "FINISHED"
    tracking.record(training(organisation, 2))
    assert tracking.mark(organisation.pk, "churn", {"champion": 2, "challenger": None}) == ""
    name = f"organisation-{organisation.pk}.churn"
    assert client.get_model_version_by_alias(name, "champion").run_id != run


def test_the_application_cannot_look_into_the_schema_of_mlflow(organisation):
    tracking.record(training(organisation))
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mlflow.runs")


def test_a_server_that_is_away_is_told_in_a_sentence_without_its_address(organisation, settings):
    settings.MLFLOW_TRACKING_URI = "http://anna:secret@127.0.0.1:9"
    run, why_not = tracking.record(training(organisation))
    assert run == "" and "MLflow did not take it" in why_not and "secret" not in why_not
