"""Face: the form in which a person changes what a machine asked for; made from the service's own schema, filled in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from iotsim.core import registry
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.deciding import edit_call
from iotsim.core.errors import Invalid, IotsimError
from iotsim.core.quantities import parse_bytes
from iotsim.core.registry import Service
from iotsim.core.services import get_approval
from iotsim.core.wording import size
from iotsim.forms import FormField, form_of
from iotsim.web import done

HIDDEN: Final = ("cursor", "expected_")  # what a person neither knows nor means to say


@require_http_methods(["GET", "POST"])
@page
def edit(request: HttpRequest, actor: Actor, approval: int) -> HttpResponse:
    """GET: the arguments that wait, to be changed. POST: a new request takes the place of the old one."""
    found = get_approval(actor, approval=approval)
    form = Form(registry.get(found.service), found.arguments)
    if request.method == "GET":
        return form.answer(request, found)
    try:
        outcome = edit_call.call(actor, {"approval": approval, "arguments": form.read(request.POST)})
    except IotsimError as error:
        return form.answer(request, found, given=request.POST, error=error)
    return done(request, edit_call, outcome)


@dataclass(frozen=True)
class Form:
    """The arguments of one call as fields of a form, and back."""

    service: Service[..., Any]
    arguments: Mapping[str, Any]

    def answer(
        self, request: HttpRequest, found: Any, *, given: QueryDict | None = None, error: IotsimError | None = None
    ) -> HttpResponse:
        errors = error.fields if isinstance(error, Invalid) else {}
        fields = [
            self._shown(one, given) for one in form_of(self.service, self.arguments, only=self._names, errors=errors)
        ]
        told = {
            "approval": found,
            "fields": [one for one in fields if one.required or one.name in self.arguments or one.error],
            "further": [one for one in fields if not (one.required or one.name in self.arguments or one.error)],
            "error": "" if error is None or errors.keys() & set(self._names) else error.sentence,
        }
        return render(request, "actions/edit.html", told, status=200 if error is None else 422)

    def read(self, given: QueryDict) -> dict[str, Any]:
        """All arguments of the call as the person wants them; what the form does not show stays as it was."""
        kept = {name: value for name, value in self.arguments.items() if name not in self._names}
        for one in form_of(self.service, self.arguments, only=self._names, errors={}):
            kept |= self._value(one, given)
        return kept

    @property
    def _names(self) -> list[str]:
        schema = self.service.parameters.model_json_schema().get("properties", {})
        return [name for name in schema if not name.startswith(HIDDEN) and not _is_object(schema[name])]

    def _value(self, field: FormField, given: QueryDict) -> dict[str, Any]:
        text = given.get(field.name, "").strip()
        if field.kind == "checkbox":
            return {field.name: bool(text)} if text or field.name in self.arguments else {}
        if not text:
            return {field.name: None} if field.required and field.name in self.arguments else {}
        return {
            field.name: [line for part in text.splitlines() if (line := part.strip())]
            if self._is_list(field.name)
            else text
        }

    def _shown(self, field: FormField, given: QueryDict | None) -> FormField:
        many = self._is_list(field.name)
        value = given.get(field.name, "") if given is not None else self._words(field)
        told = f"{field.help.rstrip('.')}. One per line." if many else field.help
        return FormField(
            field.name,
            field.label,
            "textarea" if many else field.kind,
            value,
            field.required and not self._may_be_empty(field.name),
            told,
            field.error,
            field.options,
        )

    def _words(self, field: FormField) -> Any:
        """As a person would write it: lists in lines, sizes with their unit where nothing is lost."""
        value = field.value
        if isinstance(value, list):
            return "\n".join(str(one) for one in value)
        slot = self.service.slots.get(field.name)
        if slot is not None and slot.kind == "bytes" and isinstance(value, int) and parse_bytes(size(value)) == value:
            return size(value).replace("\u00a0", " ")
        return value

    def _is_list(self, name: str) -> bool:
        return '"array"' in json.dumps(self._schema(name))

    def _may_be_empty(self, name: str) -> bool:
        return '"null"' in json.dumps(self._schema(name))

    def _schema(self, name: str) -> Any:
        return self.service.parameters.model_json_schema()["properties"][name]


def _is_object(part: Mapping[str, Any]) -> bool:
    return '"object"' in json.dumps(part) or "additionalProperties" in json.dumps(part)
