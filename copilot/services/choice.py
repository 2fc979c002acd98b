"""Which model answers for an organisation, what leaves with it and how much it may take: shown and changed."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from django.conf import settings
from pydantic import BaseModel, Field

from copilot.choice import Budgets, Choice, chosen, is_outside, offered
from copilot.label import words_of
from copilot.llm import PLANNER
from copilot.models import CopilotSettings
from copilot.schemas.choice import BudgetOut, CapOut, CopilotSettingsChange, CopilotSettingsOut, OfferedModel
from copilot.spending import Windows, limits_of, unpriced_tokens
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Denied, Invalid
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission

CAPS: Final = {
    "max_steps": ("Model calls in one answer", "COPILOT_MAX_STEPS"),
    "max_calls": ("Tool calls in one answer", "COPILOT_MAX_CALLS"),
    "max_tokens": ("Tokens in one answer, read and written", "COPILOT_MAX_TOKENS"),
    "max_output_tokens": ("Tokens a model may write at once", "COPILOT_MAX_OUTPUT_TOKENS"),
    "max_seconds": ("Seconds for one answer", "COPILOT_MAX_SECONDS"),
}
BUDGETS: Final = {
    "budget_month": "Organisation, a month",
    "budget_day": "Organisation, a day",
    "user_budget_month": "Each person, a month",
    "user_budget_day": "Each person, a day",
}
WORDS: Final = {
    "model": "model", "masking": "masking", "mask_labels": "masking of labels", "budget_month": "month's budget",
    "budget_day": "day's budget", "user_budget_month": "person's budget of a month",
    "user_budget_day": "person's budget of a day", "unpriced_tokens_month": "tokens without a known price",
    "max_steps": "model calls", "max_calls": "tool calls", "max_tokens": "tokens",
    "max_output_tokens": "length of an answer", "max_seconds": "time",
}  # fmt: skip
NONE: Final[dict[str, Any]] = {"x-blank": True}  # an emptied field means "no limit of our own"

Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)]
Whole = Annotated[int, Field(ge=1, le=10**12)]


def _dollars(name: str, words: str) -> Any:
    return Field(
        description=f"US dollars {words}; empty: no limit", json_schema_extra={**NONE, "x-label": BUDGETS[name]}
    )


def _cap(name: str) -> Any:
    words = CAPS[name][0]
    return Field(description=f"{words}; empty: as the server has it", json_schema_extra={**NONE, "x-label": words})


Nothing = Literal[""]
MonthBudget = Annotated[Amount | Nothing | None, _dollars("budget_month", "for the organisation in a month")]
DayBudget = Annotated[Amount | Nothing | None, _dollars("budget_day", "for the organisation in a day")]
UserMonthBudget = Annotated[Amount | Nothing | None, _dollars("user_budget_month", "for each person in a month")]
UserDayBudget = Annotated[Amount | Nothing | None, _dollars("user_budget_day", "for each person in a day")]
UnpricedTokens = Annotated[
    Whole | Nothing | None,
    Field(
        description="Tokens a month for models whose price is not known; empty: none while there is a budget in money",
        json_schema_extra={**NONE, "x-label": "Tokens without a known price, a month"},
    ),
]
ModelName = Annotated[
    Annotated[str, Field(max_length=120)] | None,
    Field(
        description="One of those offered, builtin/planner for the offline planner, or empty for the server's default",
        json_schema_extra=NONE,
    ),
]
MaskingWord = Annotated[
    Literal["outside", "always", "never"] | None,
    Field(description="For which models names and identifiers are masked: those outside, every one, none"),
]
MaskLabels = Annotated[bool | None, Field(description="Mask the labels of SIMs and devices too")]
Steps = Annotated[Whole | Nothing | None, _cap("max_steps")]
Calls = Annotated[Whole | Nothing | None, _cap("max_calls")]
Tokens = Annotated[Whole | Nothing | None, _cap("max_tokens")]
OutputTokens = Annotated[Whole | Nothing | None, _cap("max_output_tokens")]
Seconds = Annotated[Whole | Nothing | None, _cap("max_seconds")]


def settings_of(organization_id: int, *, lock: bool = False) -> CopilotSettings:
    """The row, or an unsaved one with the defaults; with `lock`, a locked row. Inside the tenant's transaction."""
    if lock:
        CopilotSettings.objects.get_or_create(organization_id=organization_id)
        return CopilotSettings.objects.select_for_update().get(organization_id=organization_id)
    found = CopilotSettings.objects.filter(organization_id=organization_id).first()
    return found or CopilotSettings(organization_id=organization_id)


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.READ,
    path="copilot/settings",
    examples=(),
    title="Copilot settings",
)
def get_copilot_settings(actor: Actor) -> CopilotSettingsOut:
    """Show which model answers, what may be chosen, what leaves this installation, the budgets and the caps."""
    return CopilotSettingsOut.model_validate(_fields(actor, settings_of(actor.organization_id)))


def _fields(actor: Actor, row: CopilotSettings) -> dict[str, Any]:
    choice = chosen(row)
    windows = Windows.now(actor.organization_id)
    return {
        "sentence": words_of(choice),
        "model": choice.model,
        "by_admin": choice.by_admin,
        "lost": choice.lost,
        "outside": choice.outside,
        "masked": choice.masking,
        "masking": row.masking,
        "mask_labels": row.mask_labels,
        "fallbacks": list(choice.fallbacks),
        "models": _offered(choice),
        "budgets": _budgets(row, windows),
        "unpriced_tokens_month": row.unpriced_tokens_month,
        "unpriced_tokens_used": unpriced_tokens(windows.month),
        "caps": [
            CapOut(name=name, label=label, most=getattr(settings, server), own=getattr(row, name))
            for name, (label, server) in CAPS.items()
        ],
    }


def _offered(choice: Choice) -> list[OfferedModel]:
    return [
        OfferedModel(name=one, words=_model_words(one), outside=is_outside(one), chosen=one == choice.model)
        for one in offered()
    ]


def _model_words(model: str) -> str:
    if model == PLANNER:
        return "Offline planner: rule-based, no language model. Nothing leaves this installation."
    return "Questions and results are sent to it." if is_outside(model) else "Runs here: nothing leaves."


def _budgets(row: CopilotSettings, windows: Windows) -> list[BudgetOut]:
    everything = Budgets(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    stands = {one.name: one for one in limits_of(everything, user_id=0, windows=windows)}
    return [
        BudgetOut(
            name=name,
            label=label,
            most=getattr(row, name),
            used=None if stands[name].own else stands[name].used,
            renews_at=stands[name].renews,
        )
        for name, label in BUDGETS.items()
    ]


# --- changing them ---


def _whole_organization(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("Your access is limited to some customers, and these settings are for the whole organisation.")


def _changed(row: CopilotSettings, given: dict[str, Any]) -> CopilotSettings:
    """A copy of the row with what was given; an empty text is none."""
    same = {one.attname: getattr(row, one.attname) for one in CopilotSettings._meta.concrete_fields}
    for name, value in given.items():
        same[name] = None if value == "" and name not in ("model",) else value
    return CopilotSettings(**same)


def _leaves_more(before: Choice, after: Choice) -> bool:
    """Whether something may leave this installation, or leave unmasked, that could not before."""
    if not after.outside:
        return False
    new = set(after.models) - (set(before.models) if before.outside else set())
    bare = (before.masking and not after.masking) or (before.mask_labels and not after.mask_labels)
    return not before.outside or bool(new) or bare


def _risk(actor: Actor, arguments: BaseModel) -> Risk:
    given = {name: value for name, value in arguments.__dict__.items() if value is not None}
    row = settings_of(actor.organization_id)
    return Risk.DANGER if _leaves_more(chosen(row), chosen(_changed(row, given))) else Risk.WRITE


def propose_change(actor: Actor, **arguments: Any) -> Proposal:
    """What would leave from then on."""
    row = settings_of(actor.organization_id)
    before, after = chosen(row), chosen(_changed(row, _given(arguments)))
    changes = [
        Change(label="Copilot", field="model", before=before.model, after=after.model),
        Change(label="Copilot", field="masking", before=_masked(before), after=_masked(after)),
    ]
    send = after.outside and after.model != before.model
    words = f"Send questions and results to {after.model}" if send else "Change the copilot's settings"
    return Proposal(
        summary=words,
        count=1,
        noun="organisation",
        changes=[one for one in changes if one.before != one.after],
        warnings=_warnings(before, after),
        digest=digest_of([before.models, _masked(before), after.models, _masked(after)]),
    )


def _warnings(before: Choice, after: Choice) -> list[str]:
    if not _leaves_more(before, after):
        return []
    photos = ["Photos whose bar codes cannot be read are sent too."] if after.outside and not after.masking else []
    return ["What was sent once cannot be taken back.", *photos]


def _masked(choice: Choice) -> str:
    if not choice.outside and not choice.masking:
        return "nothing leaves"
    return ("names, numbers and labels" if choice.mask_labels else "names and numbers") if choice.masking else "nothing"


def _undo(actor: Actor, arguments: BaseModel, result: CopilotSettingsChange) -> Undo | None:
    """None where the way back would send more out: that is for a person to decide anew."""
    row = settings_of(actor.organization_id)
    if _leaves_more(chosen(row), chosen(_changed(row, result.before))):
        return None
    return Undo("change_copilot_settings", result.before)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


@service(
    permission=Permission.ADMINISTER,
    risk=_risk,
    path="copilot/settings",
    examples=(),
    title="Change copilot settings",
    proposal=propose_change,
    undo=_undo,
    people_only=True,
)
def change_copilot_settings(
    actor: Actor,
    *,
    model: ModelName = None,
    masking: MaskingWord = None,
    mask_labels: MaskLabels = None,
    budget_month: MonthBudget = None,
    budget_day: DayBudget = None,
    user_budget_month: UserMonthBudget = None,
    user_budget_day: UserDayBudget = None,
    unpriced_tokens_month: UnpricedTokens = None,
    max_steps: Steps = None,
    max_calls: Calls = None,
    max_tokens: Tokens = None,
    max_output_tokens: OutputTokens = None,
    max_seconds: Seconds = None,
) -> CopilotSettingsChange:
    """Choose the model that answers, what is masked, how much may be spent, and lower caps of one answer."""
    _whole_organization(actor)
    given = _given({
        "model": model, "masking": masking, "mask_labels": mask_labels, "budget_month": budget_month,
        "budget_day": budget_day, "user_budget_month": user_budget_month, "user_budget_day": user_budget_day,
        "unpriced_tokens_month": unpriced_tokens_month, "max_steps": max_steps, "max_calls": max_calls,
        "max_tokens": max_tokens, "max_output_tokens": max_output_tokens, "max_seconds": max_seconds,
    })  # fmt: skip
    _check(given)
    row = settings_of(actor.organization_id, lock=True)
    before = {name: _plain(getattr(row, name)) for name in given}
    for name, value in given.items():
        setattr(row, name, None if value == "" and name != "model" else value)
    row.save()
    touch("copilot_settings", [row.pk])
    fields = _fields(actor, row)
    changed = ", ".join(WORDS[name] for name in given if before[name] != _plain(getattr(row, name)))
    sentence = f"Changed: {changed}. {fields['sentence']}" if changed else f"Nothing changed. {fields['sentence']}"
    return CopilotSettingsChange.model_validate(fields | {"sentence": sentence, "before": before})


def _check(given: dict[str, Any]) -> None:
    if not given:
        raise Invalid(f"Say what to change: {', '.join(WORDS.values())}.", field="model")
    if given.get("model") and given["model"] not in offered():
        known = ", ".join(offered())
        raise Invalid(f"{given['model']} is not offered here. Choose one of: {known}.", field="model")
    for name, (label, server) in CAPS.items():
        most = getattr(settings, server)
        if isinstance(given.get(name), int) and given[name] > most:
            raise Invalid(f"{label}: at most {most:,}, as the server has it; {given[name]:,} is more.", field=name)


def _plain(value: Any) -> Any:
    """As the service takes it back: none is an empty text."""
    if value is None:
        return ""
    return str(value.quantize(Decimal("0.01"))) if isinstance(value, Decimal) else value
