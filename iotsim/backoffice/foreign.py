"""Other packages' tables in our admin: our look over their own classes, their secrets left out.

Schedules of Celery beat stay theirs to edit. Everything else is shown and not changed here: people manage their
addresses, devices and accounts themselves.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from iotsim.core.admin.base import ReadOnlyAdmin

if TYPE_CHECKING:
    AdminClass = type[DjangoModelAdmin[Any]]

SECRETS = {
    "account.EmailConfirmation": ["key"],
    "mfa.Authenticator": ["data"],
    "socialaccount.SocialApp": ["secret", "key", "settings"],
    "socialaccount.SocialAccount": ["extra_data"],
    "socialaccount.SocialToken": ["token", "token_secret"],
    "sessions.Session": ["session_data"],
}
SHOWN = {
    "account.EmailConfirmation": ["email_address", "created", "sent"],
    "socialaccount.SocialToken": ["app", "account", "expires_at"],
}
OWN_APPS = {"core", "sims", "copilot", "analytics", "agents"}
EDITABLE_APPS = {"django_celery_beat"}


def ours(model: type[Model], admin_class: "AdminClass | None") -> "AdminClass | None":
    """The class to register: as it is when it is ours, else a mixture of it and our own."""
    if admin_class is not None and issubclass(admin_class, ModelAdmin):
        return admin_class
    theirs: tuple[type, ...] = (admin_class,) if admin_class else ()
    if model._meta.app_label in EDITABLE_APPS:
        return type(model.__name__, (Schedule, *theirs), _schedule_form(model))
    label = model._meta.label
    values: dict[str, Any] = {"hidden": SECRETS.get(label, []), "actions": None, "filter_horizontal": ()}
    if label in SHOWN:
        values["list_display"] = SHOWN[label]
    if theirs:
        values["form"] = ModelForm  # forms of theirs name the fields that are left out
    return type(model.__name__, (ReadOnlyAdmin, *theirs), values)


class Schedule(ModelAdmin):
    """Beat reads what stands here; a change counts within seconds."""

    list_fullwidth = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_module_permission(request))


def _schedule_form(model: type[Model]) -> dict[str, Any]:
    """Their form in our look, without their page, whose inline script the policy forbids."""
    if model.__name__ != "PeriodicTask":
        return {}
    from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
    from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

    class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
        pass

    class TaskForm(PeriodicTaskForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = TaskSelect()

    return {"form": TaskForm, "change_form_template": None, "date_hierarchy": None}
