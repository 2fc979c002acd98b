"""Names for the customers of the demo: invented companies that sound like their trade and country."""

from dataclasses import dataclass
from typing import Final

import numpy as np

SECTORS: Final = {
    "utility": ("smart meter",),
    "logistics": ("tracker", "telematics"),
    "retail": ("POS", "vending", "camera"),
    "security": ("alarm", "camera"),
}

_STEMS: Final = {
    "de": "Falkenried Silberbach Havelstein Lindtal Weserland Ostkamp Brandauer Nordhafen Alpenrand "
    "Kesselbach Rheinbogen Immenfeld Grauwald Seefried Donauried Hochrath Elmshagen Tannwald Steinbrueck "
    "Moorkamp",
    "nl": "Waterlinie Duinzicht Maasdelta Polderhof Veldkamp Noorderhaven",
    "fr": "Valbrune Clairmont Rivadour Hautbois Montérac Lavandier",
    "en": "Harrowgate Thornfield Kestrel Bramley Northgate Ashdown Larkhill Redbrook",
    "pl": "Wiślan Bukowina Jantarex Polmax Zielona Tatrex",
    "sv": "Norrsken Björklund Västervik Älvdal Fjällnäs Granskog",
    "es": "Sierranorte Monteclaro Rioseco Levantia Almendral Costaverde",
}
_WORDS: Final = {
    "de": {"utility": "Energie Wassernetz Versorgung", "logistics": "Logistik Spedition Transporte",
           "retail": "Handel Automaten Filialbetriebe",
           "security": "Sicherheitstechnik Aufzugdienst Objektschutz"},
    "nl": {"utility": "Energienet Waterbedrijf", "logistics": "Transport Logistiek",
           "retail": "Winkels Automaten", "security": "Beveiliging Liften"},
    "fr": {"utility": "Énergies Réseaux", "logistics": "Transports Logistique",
           "retail": "Distribution Automates", "security": "Sécurité Ascenseurs"},
    "en": {"utility": "Power Water", "logistics": "Freight Haulage",
           "retail": "Stores Vending", "security": "Security Lifts"},
    "pl": {"utility": "Energia Wodociągi", "logistics": "Spedycja Transport",
           "retail": "Handel Automaty", "security": "Ochrona Windy"},
    "sv": {"utility": "Energi Vatten", "logistics": "Frakt Åkeri",
           "retail": "Handel Automater", "security": "Larm Hissar"},
    "es": {"utility": "Energía Aguas", "logistics": "Transportes Logística",
           "retail": "Comercios Vending", "security": "Seguridad Ascensores"},
}  # fmt: skip
_LANGUAGE: Final = {
    "DE": "de", "AT": "de", "CH": "de", "NL": "nl", "FR": "fr", "GB": "en", "US": "en", "PL": "pl",
    "SE": "sv", "ES": "es",
}  # fmt: skip
_FORM: Final = {
    "DE": "GmbH", "AT": "GmbH", "CH": "AG", "NL": "B.V.", "FR": "SAS", "GB": "Ltd", "US": "Inc.",
    "PL": "Sp. z o.o.", "SE": "AB", "ES": "S.L.",
}  # fmt: skip


@dataclass(frozen=True)
class DemoCustomer:
    """A customer; `country` is an alpha-2 code, `effect` shifts the log of its SIMs' use."""

    name: str
    reference: str
    sector: str
    country: str
    effect: float


def draw_customers(
    count: int, countries: list[str], shares: list[float], rng: np.random.Generator
) -> list[DemoCustomer]:
    """`count` companies, each sector in turn, with different names."""
    taken: set[str] = set()
    sectors = list(SECTORS)
    found = []
    for number in range(count):
        sector = sectors[number % len(sectors)]
        country = str(rng.choice(countries, p=np.array(shares) / sum(shares)))
        if number < len(sectors):
            country = countries[0]  # the largest of each trade are at home
        name = _new_name(sector, country, taken, rng)
        found.append(DemoCustomer(name, f"C-{1001 + number}", sector, country, float(rng.normal(0.0, 0.35))))
    return found


def _new_name(sector: str, country: str, taken: set[str], rng: np.random.Generator) -> str:
    language = _LANGUAGE[country]
    names = [
        f"{stem} {word} {_FORM[country]}"
        for stem in _STEMS[language].split()
        for word in _WORDS[language][sector].split()
    ]
    free = [name for name in names if name not in taken]
    name = str(rng.choice(free)) if free else f"{rng.choice(names)} {len(taken) + 1}"
    taken.add(name)
    return name
