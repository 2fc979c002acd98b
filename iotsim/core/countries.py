"""Countries of ISO 3166-1: alpha-2 code, English name, adjective, other names; and finding them in a sentence."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

# code name / adjectives and other names
_TABLE: Final = """
AD Andorra/Andorran;AE United Arab Emirates/Emirati/UAE/U.A.E./Emirates/Dubai/Abu Dhabi;AF Afghanistan/Afghan
AG Antigua and Barbuda/Antiguan/Antigua;AI Anguilla/Anguillan;AL Albania/Albanian;AM Armenia/Armenian
AO Angola/Angolan;AQ Antarctica/Antarctic;AR Argentina/Argentinian/Argentine/Argentinean;AS American Samoa
AT Austria/Austrian/Österreich/Oesterreich;AU Australia/Australian/Aussie;AW Aruba/Aruban
AX Åland Islands/Åland/Aland;AZ Azerbaijan/Azerbaijani/Azeri;BA Bosnia and Herzegovina/Bosnian/Bosnia
BB Barbados/Barbadian;BD Bangladesh/Bangladeshi;BE Belgium/Belgian/Belgique/België/Belgien
BF Burkina Faso/Burkinabe;BG Bulgaria/Bulgarian;BH Bahrain/Bahraini;BI Burundi/Burundian;BJ Benin/Beninese
BL Saint Barthélemy/St Barts;BM Bermuda/Bermudian;BN Brunei/Bruneian;BO Bolivia/Bolivian
BQ Caribbean Netherlands/Bonaire;BR Brazil/Brazilian/Brasil;BS Bahamas/Bahamian;BT Bhutan/Bhutanese
BV Bouvet Island;BW Botswana/Botswanan;BY Belarus/Belarusian;BZ Belize/Belizean;CA Canada/Canadian
CC Cocos Islands;CD Democratic Republic of the Congo/DR Congo/DRC/Congo Kinshasa
CF Central African Republic/Central African;CG Congo/Congolese/Congo Brazzaville
CH Switzerland/Swiss/Schweiz/Suisse/Svizzera;CI Ivory Coast/Ivorian/Côte d'Ivoire/Cote d'Ivoire;CK Cook Islands
CL Chile/Chilean;CM Cameroon/Cameroonian;CN China/Chinese;CO Colombia/Colombian;CR Costa Rica/Costa Rican
CU Cuba/Cuban;CV Cape Verde/Cape Verdean/Cabo Verde;CW Curaçao/Curacao;CX Christmas Island;CY Cyprus/Cypriot
CZ Czechia/Czech/Czech Republic;DE Germany/German/Deutschland/Allemagne;DJ Djibouti/Djiboutian
DK Denmark/Danish/Danmark;DM Dominica;DO Dominican Republic/Dominican;DZ Algeria/Algerian;EC Ecuador/Ecuadorian
EE Estonia/Estonian;EG Egypt/Egyptian;EH Western Sahara/Sahrawi;ER Eritrea/Eritrean
ES Spain/Spanish/España/Espana;ET Ethiopia/Ethiopian;FI Finland/Finnish/Suomi;FJ Fiji/Fijian
FK Falkland Islands/Falklands;FM Micronesia/Micronesian;FO Faroe Islands/Faroese/Faroes;FR France/French
GA Gabon/Gabonese
GB United Kingdom/British/UK/U.K./Great Britain/Britain/England/English/Scotland/Scottish/Wales/Welsh/Northern Ireland
GD Grenada/Grenadian;GE Georgia/Georgian;GF French Guiana;GG Guernsey;GH Ghana/Ghanaian
GI Gibraltar/Gibraltarian;GL Greenland/Greenlandic;GM Gambia/Gambian;GN Guinea/Guinean;GP Guadeloupe
GQ Equatorial Guinea/Equatorial Guinean;GR Greece/Greek/Hellas/Hellenic;GS South Georgia;GT Guatemala/Guatemalan
GU Guam/Guamanian;GW Guinea-Bissau;GY Guyana/Guyanese;HK Hong Kong/Hongkong;HM Heard Island;HN Honduras/Honduran
HR Croatia/Croatian/Hrvatska;HT Haiti/Haitian;HU Hungary/Hungarian;ID Indonesia/Indonesian
IE Ireland/Irish/Éire/Republic of Ireland;IL Israel/Israeli;IM Isle of Man/Manx;IN India/Indian
IO British Indian Ocean Territory;IQ Iraq/Iraqi;IR Iran/Iranian;IS Iceland/Icelandic
IT Italy/Italian/Italia/Italien;JE Jersey;JM Jamaica/Jamaican;JO Jordan/Jordanian;JP Japan/Japanese
KE Kenya/Kenyan;KG Kyrgyzstan/Kyrgyz;KH Cambodia/Cambodian;KI Kiribati;KM Comoros/Comorian
KN Saint Kitts and Nevis/St Kitts;KP North Korea/North Korean;KR South Korea/South Korean/Korea/Korean
KW Kuwait/Kuwaiti;KY Cayman Islands/Caymans;KZ Kazakhstan/Kazakh/Kazakhstani;LA Laos/Laotian;LB Lebanon/Lebanese
LC Saint Lucia/St Lucia;LI Liechtenstein;LK Sri Lanka/Sri Lankan;LR Liberia/Liberian;LS Lesotho
LT Lithuania/Lithuanian;LU Luxembourg/Luxembourgish;LV Latvia/Latvian;LY Libya/Libyan;MA Morocco/Moroccan
MC Monaco/Monegasque;MD Moldova/Moldovan;ME Montenegro/Montenegrin;MF Saint Martin/St Martin
MG Madagascar/Malagasy;MH Marshall Islands/Marshallese;MK North Macedonia/Macedonian/Macedonia;ML Mali/Malian
MM Myanmar/Burmese/Burma;MN Mongolia/Mongolian;MO Macao/Macanese/Macau;MP Northern Mariana Islands;MQ Martinique
MR Mauritania/Mauritanian;MS Montserrat;MT Malta/Maltese;MU Mauritius/Mauritian;MV Maldives/Maldivian
MW Malawi/Malawian;MX Mexico/Mexican/México;MY Malaysia/Malaysian;MZ Mozambique/Mozambican;NA Namibia/Namibian
NC New Caledonia;NE Niger/Nigerien;NF Norfolk Island;NG Nigeria/Nigerian;NI Nicaragua/Nicaraguan
NL Netherlands/Dutch/Holland/Nederland;NO Norway/Norwegian/Norge;NP Nepal/Nepali/Nepalese;NR Nauru;NU Niue
NZ New Zealand/Kiwi;OM Oman/Omani;PA Panama/Panamanian;PE Peru/Peruvian;PF French Polynesia/Tahiti
PG Papua New Guinea/Papuan;PH Philippines/Philippine/Filipino;PK Pakistan/Pakistani;PL Poland/Polish/Polska
PM Saint Pierre and Miquelon;PN Pitcairn;PR Puerto Rico/Puerto Rican;PS Palestine/Palestinian
PT Portugal/Portuguese;PW Palau/Palauan;PY Paraguay/Paraguayan;QA Qatar/Qatari;RE Réunion/Reunion Island
RO Romania/Romanian;RS Serbia/Serbian;RU Russia/Russian/Russian Federation;RW Rwanda/Rwandan
SA Saudi Arabia/Saudi/Saudi Arabian/KSA;SB Solomon Islands;SC Seychelles/Seychellois;SD Sudan/Sudanese
SE Sweden/Swedish/Sverige;SG Singapore/Singaporean;SH Saint Helena/St Helena;SI Slovenia/Slovenian/Slovene
SJ Svalbard and Jan Mayen/Svalbard;SK Slovakia/Slovak/Slovakian;SL Sierra Leone/Sierra Leonean
SM San Marino/Sammarinese;SN Senegal/Senegalese;SO Somalia/Somali;SR Suriname/Surinamese
SS South Sudan/South Sudanese;ST São Tomé and Príncipe/Sao Tome;SV El Salvador/Salvadoran;SX Sint Maarten
SY Syria/Syrian;SZ Eswatini/Swazi/Swaziland;TC Turks and Caicos Islands/Turks and Caicos;TD Chad/Chadian
TF French Southern Territories;TG Togo/Togolese;TH Thailand/Thai;TJ Tajikistan/Tajik;TK Tokelau
TL Timor-Leste/Timorese/East Timor;TM Turkmenistan/Turkmen;TN Tunisia/Tunisian;TO Tonga/Tongan
TR Türkiye/Turkish/Turkey;TT Trinidad and Tobago/Trinidadian/Trinidad;TV Tuvalu;TW Taiwan/Taiwanese
TZ Tanzania/Tanzanian;UA Ukraine/Ukrainian;UG Uganda/Ugandan;UM US Minor Outlying Islands
US United States/American/USA/US/U.S./U.S.A./America/United States of America/the States;UY Uruguay/Uruguayan
UZ Uzbekistan/Uzbek;VA Vatican City/Vatican;VC Saint Vincent and the Grenadines/St Vincent
VE Venezuela/Venezuelan;VG British Virgin Islands;VI US Virgin Islands;VN Vietnam/Vietnamese/Viet Nam;VU Vanuatu
WF Wallis and Futuna;WS Samoa/Samoan;XK Kosovo/Kosovar/Kosovan;YE Yemen/Yemeni;YT Mayotte
ZA South Africa/South African/RSA;ZM Zambia/Zambian;ZW Zimbabwe/Zimbabwean
"""

# Words of English that are also codes or names: read as a country only in capitals, or not at all.
_CAPITALS_ONLY: Final = frozenset({"us", "uk", "uae", "usa", "drc", "rsa", "ksa"})
_CODE_NEEDS_CUE: Final = re.compile(
    r"\b(?:country(?:\s+code)?|in|from|nation)\s*[:=]?\s*['\"]?(?P<before>[A-Z]{2})\b(?!\s*\d)|"
    r"\b(?P<after>[A-Z]{2})(?=[- ](?i:sims?|cards?|fleet|lines?|devices?|based|only)\b)|"
    r"\bcountry(?:\s+code)?\s*[:=]?\s*(?P<lower>[a-z]{2})\b"
)


@dataclass(frozen=True)
class Country:
    """One country: `code` is alpha-2, `words` are all its names and adjectives as written."""

    code: str
    name: str
    words: tuple[str, ...]


@cache
def countries() -> dict[str, Country]:
    """All countries by alpha-2 code."""
    rows = [row for line in _TABLE.strip().splitlines() for row in line.split(";")]
    parsed = [(row[:2], tuple(row[3:].split("/"))) for row in rows]
    return {code: Country(code, words[0], words) for code, words in parsed}


@cache
def _by_word() -> dict[str, str]:
    return {word.lower(): country.code for country in countries().values() for word in country.words}


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted(_by_word(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w])", re.IGNORECASE)


def country_name(code: str) -> str:
    """The English name of an alpha-2 code, or the code itself when it is none."""
    country = countries().get(code.upper())
    return country.name if country else code


def parse_country(value: object) -> str:
    """The alpha-2 code of a code, name or adjective ("de", "Germany", "German", "Germny"). Raises ValueError."""
    text = str(value).strip()
    if text.upper() in countries():
        return text.upper()
    code = _by_word().get(text.lower()) or _nearest(text)
    if code is None:
        raise ValueError(f"{value!r} is not a country. Give its name or its two-letter code, such as DE.")
    return code


def _nearest(word: str) -> str | None:
    """The country whose name is within a slip or two of a word, or None; short words are never stretched."""
    if len(word) < 5:
        return None
    from rapidfuzz.distance import OSA

    limit = 1 if len(word) < 8 else 2
    near = [
        (OSA.distance(word.lower(), name, score_cutoff=limit), name)
        for name in _by_word()
        if name[0] == word[0].lower() and abs(len(name) - len(word)) <= limit
    ]
    best = min(near, default=(limit + 1, ""))
    return _by_word()[best[1]] if best[0] <= limit else None


def find_countries(text: str, *, known_word: "frozenset[str]" = frozenset()) -> list[tuple[int, int, str]]:
    """(start, end, alpha-2) of every country named in the text; misspelt names too, unless the word is a known one."""
    found = [
        (match.start(), match.end(), _by_word()[match[0].lower()])
        for match in _pattern().finditer(text)
        if match[0].lower() not in _CAPITALS_ONLY or match[0].isupper() or _after_in(text, match.start())
    ]
    found += _codes(text, found)
    for match in re.finditer(r"[^\W\d_]{5,}", text):
        if not _taken(match.span(), found) and match[0].lower() not in known_word:
            code = _nearest(match[0])
            if code:
                found.append((*match.span(), code))
    return sorted(found)


def _after_in(text: str, start: int) -> bool:
    return bool(re.search(r"\b(?:the|in|our|my)\s+$", text[:start], re.IGNORECASE))


def _codes(text: str, found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    codes = []
    for match in _CODE_NEEDS_CUE.finditer(text):
        group = next(name for name, value in match.groupdict().items() if value)
        code = match[group].upper()
        if code in countries() and not _taken(match.span(group), found):
            codes.append((*match.span(group), code))
    return codes


def _taken(span: tuple[int, int], found: list[tuple[int, int, str]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end, _ in found)
