"""The registry: one typed, guarded function per capability, and everything a face needs to know of it.

`@service(...)` stands on an ordinary function `verb_noun(actor, *, ...)`. The decorated name *is* the guard
(see guard.py): a page, a test, a task and another service all take the same way through it.
"""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Concatenate, Final, Generic, Literal, ParamSpec, TypeVar, overload

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.proposals import Proposal
from iotsim.core.raw import check_raw
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from iotsim.core.slots import Slot, slots_of

P = ParamSpec("P")
R = TypeVar("R")


class Risk(IntEnum):
    """READ changes nothing; WRITE can be undone; DANGER is final, bulk or costs money."""

    READ = 0
    WRITE = 1
    DANGER = 2


@dataclass(frozen=True)
class Undo:
    """The inverse call, stored with the audit row; it refuses by itself when the state moved on."""

    service: str
    arguments: dict[str, Any]


@dataclass
class Outcome:
    """What came of a call: the service's answer, or the job that will bring it."""

    result: BaseModel
    event_id: int | None = None
    can_undo: bool = False
    replayed: bool = field(default=False, compare=False)  # answered from an idempotency key

    @property
    def sentence(self) -> str:
        return str(getattr(self.result, "sentence", ""))

    @property
    def job(self) -> JobOut | None:
        return self.result if isinstance(self.result, JobOut) else None


RiskOf = Callable[[Actor, BaseModel], Risk]


@dataclass(frozen=True, eq=False)
class Service(Generic[P, R]):
    """A capability: a function with its permission, risk and words. Calling it goes through the guard."""

    do_not_call_in_templates = True  # a template asks for its words

    function: Callable[..., Any]
    name: str
    title: str
    description: str
    app: str
    permission: Permission
    risk: Risk | RiskOf
    path: str
    examples: Sequence[str]
    parameters: type[BaseModel]
    returns: type[BaseModel]
    proposal: Callable[..., Proposal] | None
    undo: Callable[[Actor, BaseModel, Any], Undo | None] | None
    job: bool
    people_only: bool
    sensitive: bool
    prepare: Callable[..., str] | None = None

    def __call__(self, actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
        if args:
            raise TypeError(f"{self.name}() takes keyword arguments only, after the actor")
        return typing.cast(R, self.call(actor, kwargs).result)

    def call(
        self,
        actor: Actor,
        raw: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        confirmed: str | None = None,
    ) -> Outcome:
        """Run with untyped input. `confirmed` is the digest of the proposal that a person has seen."""
        from iotsim.core import (
            guard,
        )  # the guard knows services; a service only knows how to reach it

        return guard.run(self, actor, raw, idempotency_key=idempotency_key, confirmed=confirmed)

    async def acall(self, actor: Actor, raw: Mapping[str, Any], **options: Any) -> Outcome:
        """`call` from async code, on a thread of the bounded pool."""
        from iotsim.core import guard

        return await guard.in_thread(self.call, actor, raw, **options)

    def propose(self, actor: Actor, raw: Mapping[str, Any]) -> Proposal | None:
        """What the call would change; None for a service that has nothing to show."""
        from iotsim.core import guard

        return guard.propose(self, actor, raw)

    def risk_of(self, actor: Actor, arguments: BaseModel) -> Risk:
        return self.risk if isinstance(self.risk, Risk) else self.risk(actor, arguments)

    @property
    def is_read(self) -> bool:
        return self.risk is Risk.READ

    @property
    def risk_name(self) -> str:
        return self.risk.name if isinstance(self.risk, Risk) else "WRITE or DANGER, by its arguments"

    @property
    def slots(self) -> dict[str, Slot]:
        """The slot of each parameter that has one: how its value is found in a sentence."""
        return slots_of(self.parameters)

    def validate(self, raw: Mapping[str, Any]) -> BaseModel:
        """The arguments as the parameters model. Raises Invalid with a sentence per field."""
        check_raw(raw)
        try:
            return self.parameters.model_validate(dict(raw))
        except ValidationError as error:
            raise _invalid(error, self) from error


_services: dict[str, Service[..., Any]] = {}


def get(name: str) -> Service[..., Any]:
    """The service of that name. Raises NotFound."""
    if name not in _services:
        raise NotFound(f"There is no service called {name}.")
    return _services[name]


def title_of(name: str) -> str:
    """The service's title; of one that this version no longer has, its name in words."""
    return _services[name].title if name in _services else name.replace("_", " ").capitalize()


def all_services() -> Iterator[Service[..., Any]]:
    """All services, in the order of their names."""
    return iter(sorted(_services.values(), key=lambda one: one.name))


@overload
def service(
    *,
    permission: Permission,
    risk: Risk | RiskOf,
    path: str,
    examples: Sequence[str],
    job: Literal[True],
    title: str = "",
    proposal: Callable[..., Proposal] | None = None,
    undo: Callable[[Actor, Any, Any], Undo | None] | None = None,
    people_only: bool = False,
    prepare: Callable[..., str] | None = None,
    sensitive: bool = False,
) -> Callable[[Callable[..., Any]], Service[..., JobOut]]: ...


@overload
def service(
    *,
    permission: Permission,
    risk: Risk | RiskOf,
    path: str,
    examples: Sequence[str],
    title: str = "",
    proposal: Callable[..., Proposal] | None = None,
    undo: Callable[[Actor, Any, Any], Undo | None] | None = None,
    people_only: bool = False,
    sensitive: bool = False,
) -> Callable[[Callable[Concatenate[Actor, P], R]], Service[P, R]]: ...


def service(
    *,
    permission: Permission,
    risk: Risk | RiskOf,
    path: str,
    examples: Sequence[str],
    job: bool = False,
    title: str = "",
    proposal: Callable[..., Proposal] | None = None,
    undo: Callable[[Actor, Any, Any], Undo | None] | None = None,
    people_only: bool = False,
    prepare: Callable[..., str] | None = None,
    sensitive: bool = False,
) -> Any:
    """Register a function as a service.

    `path` is the REST path under /api/v1 (`sims/{sim}/quota` takes `sim` from the path). `examples` are
    sentences a person would say. `proposal` takes the service's own arguments and is a must for DANGER.
    `undo(actor, arguments, result)` gives the inverse call. With `job`, a call writes a Job and a worker
    runs the function later, with the extra argument `job` (a RunningJob), outside any transaction.
    `prepare(actor, job, **arguments)` runs in the caller's transaction, right after the Job was written: it may
    refuse what a worker would refuse, write a row that stands for the work, and answers the job's first note.
    What is `sensitive` asks a person on a page to show again who they are, unless they just did.
    """

    def register(function: Callable[..., Any]) -> Service[..., Any]:
        name = function.__name__
        if risk is not Risk.READ and (risk is Risk.DANGER or callable(risk)) and proposal is None:
            raise TypeError(f"{name}: a service that may be DANGER needs a proposal")
        if name in _services:
            raise TypeError(f"{name}: there is a service of that name already")
        made: Service[..., Any] = Service(
            function=function,
            name=name,
            title=title or name.replace("_", " ").capitalize(),
            description=inspect.cleandoc(function.__doc__ or ""),
            app=function.__module__.removeprefix("iotsim.").split(".")[0],
            permission=permission,
            risk=risk,
            path=path,
            examples=tuple(examples),
            parameters=_parameters(function, {"actor", "job"} if job else {"actor"}),
            returns=JobOut if job else typing.get_type_hints(function)["return"],
            proposal=proposal,
            undo=undo,
            job=job,
            people_only=people_only,
            prepare=prepare,
            sensitive=sensitive,
        )
        _services[name] = made
        return made

    return register


def _parameters(function: Callable[..., Any], of_the_guard: set[str]) -> type[BaseModel]:
    """A pydantic model made from the signature, without what the guard hands over."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in of_the_guard:
            continue
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(f"{function.__name__}: {parameter.name} must be keyword-only")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    name = "".join(word.capitalize() for word in function.__name__.split("_")) + "In"
    config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)
    return create_model(name, __config__=config, **fields)


def _invalid(error: ValidationError, service: Service[..., Any]) -> Invalid:
    fields: dict[str, str] = {}
    for one in error.errors(include_url=False):
        field_name = str(one["loc"][0]) if one["loc"] else ""
        fields.setdefault(field_name, _sentence(one, field_name, service))
    first = next(iter(fields))
    return Invalid(" ".join(fields.values()), field=first, fields=fields)


NUMBERS: Final = {"decimal_parsing": "should be a number", "int_parsing": "should be a whole number"}


def _sentence(one: Any, name: str, service: Service[..., Any]) -> str:
    words = _label(service, name) or name.replace("_", " ")
    match one["type"]:
        case "missing":
            return f"Please give {words}."
        case "extra_forbidden":
            known = ", ".join(service.parameters.model_fields)
            return f"{service.title} knows no {words}; it takes {known or 'nothing'}."
        case "value_error":
            return str(one["ctx"]["error"])
    message = NUMBERS.get(one["type"]) or one["msg"].replace("Input should be", "should be")
    given = one.get("input")
    shown = f" ({given!r})" if isinstance(given, str | int | float) and len(str(given)) < 60 else ""
    return f"{words[0].upper()}{words[1:]}{shown}: {message}."


def _label(service: Service[..., Any], name: str) -> str:
    """What a page calls the parameter, where its name is not the word."""
    field = service.parameters.model_fields.get(name)
    extra = field.json_schema_extra if field else None
    return str(extra.get("x-label", "")) if isinstance(extra, dict) else ""


__all__ = ["Outcome", "Risk", "Service", "Undo", "all_services", "get", "service"]
