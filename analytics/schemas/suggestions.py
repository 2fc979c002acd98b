"""What is worth doing now: suggestions, each with the act behind its button."""

from datetime import datetime
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from iotsim.core.offers import Offer
from iotsim.core.schemas import Answer


class SuggestionOut(BaseModel):
    """One thing worth doing. Its button takes the offer, or else opens the link."""

    key: str = Field(description="Its name, to dismiss it by")
    kind: str = Field(description="quota, savings, anomaly, intake or approval")
    severity: str = Field(description="critical, high, medium or low")
    words: str = Field(description="What is the matter, with its figures")
    button: str = Field(description="What the button says")
    link: str = Field(description="The page about it")
    offer: Offer | None = Field(default=None, description="The act that stands ready, if the person may do it")
    subject: str = Field(default="", description="sim, customer, intake or anomaly: what it is about")
    subject_id: int | None = None
    as_of: datetime | None = None
    expires_at: datetime | None = None

    @property
    def dialog(self) -> str:
        """Where the offer's dialog with its proposal is."""
        if self.offer is None:
            return ""
        return f"/act/{self.offer.service}/?{urlencode(self.offer.arguments, doseq=True)}"


class SuggestionPage(Answer):
    """Suggestions, those that fit the page first, then the most urgent ones."""

    items: list[SuggestionOut]
    offers: list[Offer] = Field(default=[], description="The acts of the first of them")
    as_of: datetime | None = Field(default=None, description="The newest figures among them")


class SuggestionChange(Answer):
    """A suggestion that was dismissed, or brought back."""

    suggestion: str
