"""Which model answers for an organisation, what leaves this installation, and how much a run may take.

The server says which models there are (COPILOT_MODEL, COPILOT_MODELS); an organisation's admins choose among them and
the built-in planner. Sending data to a model outside is a choice: without one the planner answers, or COPILOT_MODEL
where whoever runs the server has set it as the default.
"""

import os
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from copilot.llm import PLANNER
from copilot.loop import Caps
from copilot.models import CopilotSettings
from iotsim.core.tenancy import tenant

OWN_ADDRESSES: Final = {"ollama": "OLLAMA_API_BASE", "ollama_chat": "OLLAMA_API_BASE"}  # on this machine unless set


@dataclass(frozen=True)
class Budgets:
    """The most that may be spent, in US dollars; None for no limit. `unpriced`: tokens of models without a price."""

    month: Decimal | None = None
    day: Decimal | None = None
    user_month: Decimal | None = None
    user_day: Decimal | None = None
    unpriced: int | None = None

    @property
    def any(self) -> bool:
        return any(one is not None for one in (self.month, self.day, self.user_month, self.user_day, self.unpriced))

    @property
    def in_money(self) -> bool:
        return any(one is not None for one in (self.month, self.day, self.user_month, self.user_day))


@dataclass(frozen=True)
class Choice:
    """What answers. `outside`: data leave this installation. `masking`: names and identifiers leave as placeholders."""

    model: str = PLANNER
    fallbacks: tuple[str, ...] = ()
    api_base: str = ""
    outside: bool = False
    masking: bool = False
    mask_labels: bool = False
    max_output_tokens: int = 4096
    caps: Caps = field(default_factory=Caps)
    budgets: Budgets = field(default_factory=Budgets)
    by_admin: bool = False  # an admin of the organisation has chosen it
    lost: str = ""  # what they had chosen and the server offers no more

    @property
    def is_planner(self) -> bool:
        return self.model == PLANNER

    @property
    def models(self) -> tuple[str, ...]:
        """The model and those to try after it."""
        return (self.model, *self.fallbacks)


def offered() -> list[str]:
    """The models an organisation may choose, the planner last."""
    named = [settings.COPILOT_MODEL, *settings.COPILOT_MODELS]
    return [*dict.fromkeys(one for one in named if one), PLANNER]


def default_model() -> str:
    """What answers for organisations that have not chosen."""
    return str(settings.COPILOT_MODEL or PLANNER)


def is_outside(model: str) -> bool:
    """Whether a model is somewhere else: neither on this machine nor at a host that the operator calls ours."""
    if model == PLANNER:
        return False
    provider = model.partition("/")[0]
    address = settings.COPILOT_API_BASE
    if not address and provider in OWN_ADDRESSES:
        address = os.environ.get(OWN_ADDRESSES[provider]) or "http://127.0.0.1"
    return not _is_ours(urlsplit(address).hostname or "")


def _is_ours(host: str) -> bool:
    if host in {"localhost", *settings.COPILOT_INSIDE_HOSTS}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def choice_of(organization_id: int) -> Choice:
    """What answers for this organisation now."""
    with tenant(organization_id, read_only=True):
        wanted = CopilotSettings.objects.filter(organization_id=organization_id).first()
    return chosen(wanted or CopilotSettings())


def chosen(wanted: CopilotSettings) -> Choice:
    """What these settings come to on this server. A model that is offered no more gives way to the planner."""
    lost = wanted.model if wanted.model and wanted.model not in offered() else ""
    model = PLANNER if lost else wanted.model or default_model()
    outside = is_outside(model)
    others = [] if model == PLANNER else [one for one in settings.COPILOT_FALLBACK_MODELS if one != model]
    fallbacks = tuple(one for one in others if outside or not is_outside(one))  # what stays here goes on staying here
    masking = model != PLANNER and (wanted.masking == "always" or (outside and wanted.masking == "outside"))
    return Choice(
        model=model,
        fallbacks=fallbacks,
        api_base=settings.COPILOT_API_BASE,
        outside=outside,
        masking=masking,
        mask_labels=masking and wanted.mask_labels,
        max_output_tokens=_lower(settings.COPILOT_MAX_OUTPUT_TOKENS, wanted.max_output_tokens),
        caps=_caps(wanted),
        budgets=_budgets(wanted),
        by_admin=bool(wanted.model),
        lost=lost,
    )


def _lower(most: int, wanted: int | None) -> int:
    return most if wanted is None else min(most, wanted)


def _caps(wanted: CopilotSettings) -> Caps:
    return Caps(
        steps=_lower(settings.COPILOT_MAX_STEPS, wanted.max_steps),
        calls=_lower(settings.COPILOT_MAX_CALLS, wanted.max_calls),
        tokens=_lower(settings.COPILOT_MAX_TOKENS, wanted.max_tokens),
        seconds=_lower(settings.COPILOT_MAX_SECONDS, wanted.max_seconds),
        silence=settings.COPILOT_SILENCE_SECONDS,
    )


def _budgets(wanted: CopilotSettings) -> Budgets:
    return Budgets(
        month=wanted.budget_month,
        day=wanted.budget_day,
        user_month=wanted.user_budget_month,
        user_day=wanted.user_budget_day,
        unpriced=wanted.unpriced_tokens_month,
    )
