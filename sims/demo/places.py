"""Where the demo fleet is: countries, their share, their operators and how their numbers look."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DemoOperator:
    """`issuer` is the two digits that follow the calling code in its ICCIDs."""

    mcc: str
    mnc: str
    share: float
    issuer: str


@dataclass(frozen=True)
class DemoCountry:
    """`mobile` begins the numbers of machines after the calling code; `digits` is a whole MSISDN's length."""

    code: str
    share: float
    calling_code: str
    mobile: str
    digits: int
    neighbours: tuple[str, ...]
    operators: tuple[DemoOperator, ...]


def _operator(plmn: str, share: float, issuer: str) -> DemoOperator:
    return DemoOperator(plmn[:3], plmn[3:], share, issuer)


COUNTRIES: Final = (
    DemoCountry("DE", 0.42, "49", "15", 13, ("AT", "CH", "NL", "FR", "PL"),
                (_operator("26201", 0.5, "02"), _operator("26202", 0.3, "20"),
                 _operator("26203", 0.2, "22"))),
    DemoCountry("AT", 0.11, "43", "67", 12, ("DE", "CH"),
                (_operator("23201", 0.7, "01"), _operator("23203", 0.3, "03"))),
    DemoCountry("CH", 0.08, "41", "77", 11, ("DE", "AT", "FR"),
                (_operator("22801", 0.7, "01"), _operator("22802", 0.3, "02"))),
    DemoCountry("NL", 0.09, "31", "97", 13, ("DE",),
                (_operator("20408", 0.6, "08"), _operator("20404", 0.4, "44"))),
    DemoCountry("FR", 0.09, "33", "700", 13, ("DE", "CH", "ES"),
                (_operator("20801", 0.6, "01"), _operator("20810", 0.4, "10"))),
    DemoCountry("GB", 0.07, "44", "79", 12, ("FR", "NL"),
                (_operator("23430", 0.5, "30"), _operator("23415", 0.3, "15"),
                 _operator("23410", 0.2, "11"))),
    DemoCountry("PL", 0.05, "48", "88", 11, ("DE",),
                (_operator("26003", 0.6, "03"), _operator("26001", 0.4, "01"))),
    DemoCountry("SE", 0.04, "46", "719", 11, ("DE",),
                (_operator("24001", 0.7, "01"), _operator("24006", 0.3, "08"))),
    DemoCountry("ES", 0.03, "34", "590", 13, ("FR",),
                (_operator("21407", 0.6, "05"), _operator("21403", 0.4, "01"))),
    DemoCountry("US", 0.02, "1", "500", 11, (),
                (_operator("310410", 0.4, "17"), _operator("310260", 0.3, "26"),
                 _operator("311480", 0.3, "48"))),
)  # fmt: skip

COUNTRY_INDEX: Final = {country.code: position for position, country in enumerate(COUNTRIES)}
OPERATORS: Final = tuple(operator for country in COUNTRIES for operator in country.operators)
OPERATOR_COUNTRY: Final = tuple(position for position, country in enumerate(COUNTRIES) for _ in country.operators)
