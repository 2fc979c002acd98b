"""What models cost: dollars a token, from litellm's list or as the operator sets them. Pure but for the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.conf import settings

MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """US dollars for a token: read, written, read out of the provider's cache, put into it."""

    sent: Decimal
    said: Decimal
    cached: Decimal
    kept: Decimal

    def of(self, *, sent: int, said: int, cached: int = 0, kept: int = 0) -> Decimal:
        """`sent` counts all tokens read, those out of and into the cache among them."""
        plain = max(0, sent - cached - kept)
        return self.sent * plain + self.said * said + self.cached * cached + self.kept * kept


FREE: Final = Price(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def parse(words: str) -> tuple[str, Price]:
    """`provider/model=0.5/1.5` (dollars for a million tokens in and out). Raises ValueError."""
    model, _, amounts = words.partition("=")
    sent, _, said = amounts.partition("/")
    try:
        each, other = Decimal(sent) / MILLION, Decimal(said) / MILLION
    except InvalidOperation as error:
        raise ValueError(f"{words} is no price") from error
    if not model or not (each.is_finite() and other.is_finite()) or each < 0 or other < 0:
        raise ValueError(f"{words} is no price")
    return model, Price(each, other, each, each)


def price_from(model: str, known: Mapping[str, Any] | None, *, outside: bool) -> Price | None:
    """The operator's price, else the one of litellm's list, else nothing for a model of ours; None: not known."""
    own = dict(parse(one) for one in settings.COPILOT_PRICES)
    if model in own:
        return own[model]
    if known and known.get("input_cost_per_token") is not None:
        sent = _each(known, "input_cost_per_token")
        return Price(
            sent,
            _each(known, "output_cost_per_token"),
            _each(known, "cache_read_input_token_cost", sent),
            _each(known, "cache_creation_input_token_cost", sent),
        )
    return None if outside else FREE


def _each(known: Mapping[str, Any], name: str, otherwise: Decimal = Decimal(0)) -> Decimal:
    value = known.get(name)
    return otherwise if value is None else Decimal(str(value))
