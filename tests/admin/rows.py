"""One row of every table that the admin shows, in one organisation."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from iotsim.core.models import Organization

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)


def has_one_key(model: type[models.Model]) -> bool:
    """Django's admin takes no model with a composite key."""
    return not isinstance(model._meta.pk, models.CompositePrimaryKey)


def own_models() -> list[type[models.Model]]:
    own = {"core", "sims", "copilot", "analytics", "agents"}
    found = [one for one in apps.get_models() if one._meta.app_label in own and has_one_key(one)]
    return sorted(found, key=lambda one: one._meta.label)


def make_row(model: type[models.Model], organisation: Organization, word: str) -> models.Model:
    """A row with a value in every field that must have one; texts carry `word`, to be searched for."""
    found = made(organisation).get(model)
    if found is not None:
        return found
    values = {
        field.name: value
        for field in model._meta.concrete_fields
        if (value := _value(field, model, organisation, word)) is not None
    }
    row = model(**values)
    row.save(force_insert=True)
    made(organisation)[model] = row
    return row


_made: dict[int, dict[type[models.Model], models.Model]] = {}


def made(organisation: Organization) -> dict[type[models.Model], models.Model]:
    return _made.setdefault(organisation.pk, {Organization: organisation})


def _value(field: Any, model: type[models.Model], organisation: Organization, word: str) -> Any:
    if field.generated or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return None
    if isinstance(field, models.AutoField):
        return None
    if isinstance(field, models.ForeignKey):
        if field.remote_field.model.__name__ == "Operator":
            return field.remote_field.model.objects.first()
        return make_row(field.remote_field.model, organisation, word)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.DateTimeField):
        return NOW
    if isinstance(field, models.DateField):
        return NOW.date()
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.EmailField):
        return f"{word}-{uuid.uuid4().hex[:8]}@example.com"
    if isinstance(field, models.FileField):
        return "uploads/none.csv"
    if isinstance(field, models.CharField) and field.unique:
        return f"{word[:3]}{uuid.uuid4().hex}"[: field.max_length]
    if isinstance(field, models.CharField):
        return f"{word}{uuid.uuid4().hex}"[: field.max_length] if field.max_length > 5 else "EUR"[: field.max_length]
    if isinstance(field, models.TextField):
        return f"{word}{uuid.uuid4().hex}"
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.BinaryField):
        return b""
    if isinstance(field, models.JSONField):
        return {"type": f"{word}{uuid.uuid4().hex}"}
    if field.name in {"head_id", "parent_id"}:  # of a run: the database would look for it
        return None
    if field.primary_key or (field.name.endswith("_id") or field.unique):
        return uuid.uuid4().int >> 80
    return None if field.has_default() or field.null else 0
