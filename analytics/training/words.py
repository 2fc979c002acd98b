"""How models and their figures are named to people, and found in what people say. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from iotsim.core.slots import Found, Slot, SlotContext
from iotsim.core.wording import SPACE


@dataclass(frozen=True)
class Metric:
    """A figure's title, whether more is better, and how it is written."""

    title: str
    more_is_better: bool | None
    form: str = "{:.3f}"

    def words(self, value: float | None) -> str:
        return "–" if value is None else self.form.format(value).replace("%", f"{SPACE}%")


METRICS: Final[Mapping[str, Metric]] = {
    "auc": Metric("AUC", True),
    "average_precision": Metric("average precision", True),
    "lift_10": Metric("lift in the riskiest 10 %", True, "{:.2f}"),
    "brier": Metric("Brier score", False),
    "calibration_error": Metric("calibration error", False),
    "cumulative_error": Metric("median error of the 30-day sum", False, "{:.1%}"),
    "wape": Metric("WAPE of the 30-day sum", False, "{:.1%}"),
    "coverage_80": Metric("coverage of the 80 % bounds", None, "{:.1%}"),
}

_NAMES: Final = [
    ("churn", r"churn(?:ing)?(?:\s+risk|\s+prediction)?|attrition|customer\s+loss|leaving\s+customers"),
    ("usage", r"usage|forecast(?:s|ing)?|consumption|quota\s+sums?"),
]
_SAID: Final = [(name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for name, words in _NAMES]
_ABOUT: Final = re.compile(
    r"\b(?:models?|versions?|challengers?|champions?|train\w*|retrain\w*|learn\w*)\b", re.IGNORECASE
)


def find_model(text: str, context: SlotContext) -> list[Found]:
    """Which model a sentence is about: "churn", "the usage model". Nothing where no model is spoken of."""
    if not _ABOUT.search(text):
        return []
    for name, words in _SAID:
        match = words.search(text)
        if match:
            return [Found(match.start(), match.end(), name, match[0], 0.8)]
    return []


_VERSION: Final = re.compile(r"\b(?:version|v|number|no\.?)\s*#?(?P<n>\d{1,6})\b", re.IGNORECASE)


def find_version(text: str, context: SlotContext) -> list[Found]:
    """The number of a version: "version 3", "v3"."""
    return [Found(*match.span("n"), int(match["n"]), match["n"], 0.8) for match in _VERSION.finditer(text)][:1]


ModelName = Annotated[
    str,
    BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
    Field(max_length=40, examples=["churn"], description="The model: churn or usage"),
    Slot("model", find_model, noun="the model (churn or usage)", shares=True),
]
VersionNumber = Annotated[
    int,
    Field(ge=1, description="The number of the version"),
    Slot("version", find_version, noun="the number of the version", free=True, shares=True),
]


def figure(name: str, metrics: Mapping[str, Any]) -> str:
    """A figure in words: "AUC 0.812"; empty when it is not there."""
    metric, value = METRICS.get(name), metrics.get(name)
    return f"{metric.title} {metric.words(value)}" if metric and value is not None else ""
