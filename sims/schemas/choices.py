"""What a list of SIMs can be filtered by."""

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class Country(BaseModel):
    code: str = Field(description="ISO 3166-1 alpha-2")
    name: str


class FilterChoices(Answer):
    """The names that exist in this organisation, each list in order of name and at most 500 long."""

    operators: list[str]
    countries: list[Country]
    plans: list[str]
    tags: list[str]
    customers: list[str]
    billing_day: int = Field(default=1, description="On which most of the plans' billing cycles begin")
