"""Artefacts are loaded only when they are what was trained."""

import json
import pickle

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from analytics.churn.boosting import BadArtefact, ChurnModel
from analytics.models import ModelVersion
from analytics.services.models import promote_model
from analytics.training.keeping import BadVersion, champion, keep
from iotsim.core.tenancy import tenant


@pytest.fixture
def version(organisation):
    artefact = keep(organisation.pk, "churn", 1, b'{"kind": "something else"}')
    with tenant(organisation.pk):
        return ModelVersion.objects.create(
            organization=organisation, model="churn", version=1, artefact=artefact.path, sha256=artefact.sha256,
            size_bytes=artefact.size_bytes, trained_at=timezone.now(), trained_by="anna", stage="champion",
        )  # fmt: skip


def replace(version, content):
    default_storage.delete(version.artefact)
    assert default_storage.save(version.artefact, ContentFile(content)) == version.artefact


def test_a_tampered_file_is_refused(version, organisation):
    replace(version, b'{"kind": "iotsim-churn-1", "evil": true}')
    with pytest.raises(BadVersion, match="not what was trained"):
        champion(organisation.pk, "churn")


def test_a_missing_file_is_refused(version, organisation):
    default_storage.delete(version.artefact)
    with pytest.raises(BadVersion, match="its file is gone"):
        champion(organisation.pk, "churn")


def test_a_file_of_another_kind_is_refused(version, organisation):
    with pytest.raises(BadVersion, match="something else"):
        champion(organisation.pk, "churn")


def test_a_tampered_version_cannot_be_promoted(version, organisation, actor):
    with tenant(organisation.pk):
        ModelVersion.objects.filter(pk=version.pk).update(stage="challenger")
    replace(version, b"{}")
    with pytest.raises(BadVersion):
        promote_model(actor, model="churn")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{}", b'{"kind": 3}', pickle.dumps({"a": 1})])
def test_bytes_that_are_no_model_are_refused_and_never_run(content):
    with pytest.raises(BadArtefact):
        ChurnModel.from_bytes(content)


def test_text_that_lightgbm_does_not_know_is_refused():
    kept = {"kind": "iotsim-churn-1", "features": ["a"], "parameters": {}, "boosters": ["tree\nnonsense"],
            "calibration": {"slope": 1, "intercept": 0, "points": []}}  # fmt: skip
    with pytest.raises(BadArtefact):
        ChurnModel.from_bytes(json.dumps(kept).encode())
